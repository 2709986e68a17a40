// What the objects that a walk meets most are made of. Each emits the tokens of an object and pushes its parts.
#pragma once

#include <pybind11/pybind11.h>

#include <span>
#include <utility>
#include <vector>

#include "walker.h"

namespace jitserve {

void EncodeList(Walker& walker, const Child& child);
void EncodeTuple(Walker& walker, const Child& child);
void EncodeDict(Walker& walker, const Child& child);
void EncodeMappingProxy(Walker& walker, const Child& child);
void EncodeCell(Walker& walker, const Child& child);
void EncodeMethod(Walker& walker, const Child& child);
void EncodeWrapper(Walker& walker, const Child& child);
void EncodeProperty(Walker& walker, const Child& child);
void EncodeMarker(Walker& walker, const Child& child);
// A field of a dataclass; its type by name, as every annotation.
void EncodeField(Walker& walker, const Child& child);
// An instance of a class of which nothing else is known.
void EncodeInstance(Walker& walker, const Child& child);
// A function of an extension.
void EncodeBuiltin(Walker& walker, const Child& child);
void EncodeFunction(Walker& walker, const Child& child);
void EncodeClass(Walker& walker, const Child& child);

// All of them, by the names of the functions of jitserve._core that stand for them in Python.
std::span<const std::pair<const char*, Encode>> NativeEncoders();

// Annotations by name only (src/jitserve/fingerprint/_annotations.py).
void EmitAnnotation(Walker& walker, const pybind11::object& annotation);
void EmitAnnotations(Walker& walker, const pybind11::object& annotations);

// The values that the global names of a library's function resolve to (`_globals.bindings`).
void AppendBindings(Walker& walker, PyObject* function, pybind11::handle names, const pybind11::object& path,
                    std::vector<Child>& children);

}  // namespace jitserve
