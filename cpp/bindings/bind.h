// What module.cpp is a table of: one function per topic.
#pragma once

#include <pybind11/pybind11.h>

namespace jitserve {

void BindDigest(pybind11::module_& module);
void BindFiles(pybind11::module_& module);
void BindTokens(pybind11::module_& module);
void BindCode(pybind11::module_& module);
void BindStore(pybind11::module_& module);
void BindRecord(pybind11::module_& module);
void BindProfile(pybind11::module_& module);
void BindStack(pybind11::module_& module);
void BindCensus(pybind11::module_& module);
void BindIntercept(pybind11::module_& module);
void BindTexts(pybind11::module_& module);
void BindLookups(pybind11::module_& module);
void BindSets(pybind11::module_& module);
void BindWalker(pybind11::module_& module);
void BindOrigins(pybind11::module_& module);
void BindTrees(pybind11::module_& module);
void BindLeaves(pybind11::module_& module);
void BindStarts(pybind11::module_& module);
void BindValues(pybind11::module_& module);

}  // namespace jitserve
