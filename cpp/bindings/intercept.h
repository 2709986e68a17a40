// Functions in front of functions of JAX's, without a frame of their own.
#pragma once

#include <pybind11/pybind11.h>

namespace jitserve {

// A function that returns what `ask` answers, or, where that is `NotImplemented`, what `stock` returns for the same
// arguments. It is written in C: JAX's tests count the frames below a traced function.
pybind11::object Intercept(const pybind11::object& stock, const pybind11::object& ask);

// The function that another one was put in front of so; borrowed, or null.
PyObject* InterceptedBy(PyObject* value);

}  // namespace jitserve
