#include "intercept.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// `pair`: the function in front of which this is, and whom to ask first.
PyObject* Call(PyObject* pair, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  PyObject* const stock = PyTuple_GET_ITEM(pair, 0);
  PyObject* const answer =
      PyObject_Vectorcall(PyTuple_GET_ITEM(pair, 1), arguments, static_cast<std::size_t>(count), names);
  if (answer != Py_NotImplemented) return answer;
  Py_DECREF(answer);
  return PyObject_Vectorcall(stock, arguments, static_cast<std::size_t>(count), names);
}

PyMethodDef definition = {"intercepted", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&Call)),
                          METH_FASTCALL | METH_KEYWORDS, nullptr};

}  // namespace

py::object Intercept(const py::object& stock, const py::object& ask) {
  const py::tuple pair = py::make_tuple(stock, ask);
  PyObject* const function = PyCFunction_New(&definition, pair.ptr());
  if (function == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(function);
}

PyObject* InterceptedBy(PyObject* value) {
  if (!PyCFunction_Check(value)) return nullptr;
  const auto* const function = reinterpret_cast<PyCFunctionObject*>(value);
  return function->m_ml == &definition ? PyTuple_GET_ITEM(function->m_self, 0) : nullptr;
}

}  // namespace jitserve
