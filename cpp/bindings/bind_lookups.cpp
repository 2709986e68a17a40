#include "bind.h"
#include "definitions.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

using FastFunction = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);

// Whom this thread tells of attributes that are asked for by a text; null when nobody listens.
thread_local PyObject* listener = nullptr;
thread_local PyObject* names = nullptr;  // a frozenset: those that are worth telling; kept while there is a listener

FastFunction original_getattr = nullptr;
FastFunction original_hasattr = nullptr;
newfunc original_getter = nullptr;
newfunc original_caller = nullptr;
PyCFunctionWithKeywords original_format = nullptr;
PyCFunction original_format_map = nullptr;
wrapperfunc original_getattribute = nullptr;

void Tell(PyObject* text) {
  PyObject* const told = listener;
  listener = nullptr;  // what the listener itself asks for is none of the user's
  PyObject* const answer = PyObject_CallOneArg(told, text);
  if (answer == nullptr) PyErr_WriteUnraisable(told);
  Py_XDECREF(answer);
  listener = told;
}

// The text itself, where a subclass (`enum.StrEnum`, `numpy.str_`) may say what it is equal to; null for what is none.
py::object PlainText(PyObject* text) {
  if (!PyUnicode_Check(text)) return py::object();
  py::object plain = py::reinterpret_steal<py::object>(PyUnicode_FromObject(text));
  if (!plain) PyErr_Clear();
  return plain;
}

void Ask(PyObject* name) {
  if (listener == nullptr) return;
  const py::object text = PlainText(name);
  if (!text) return;
  const int is_told = PySet_Contains(names, text.ptr());
  if (is_told > 0) Tell(text.ptr());
  if (is_told < 0) PyErr_Clear();
}

// A text that may hold names: those of attributes stand behind dots.
void AskAll(PyObject* name) {
  if (listener == nullptr) return;
  const py::object text = PlainText(name);
  if (text && PyUnicode_FindChar(text.ptr(), '.', 0, PyUnicode_GET_LENGTH(text.ptr()), 1) >= 0) Tell(text.ptr());
}

PyObject* GetAttr(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count > 1) Ask(arguments[1]);
  return original_getattr(self, arguments, count);
}

PyObject* HasAttr(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count > 1) Ask(arguments[1]);
  return original_hasattr(self, arguments, count);
}

PyObject* NewGetter(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  for (Py_ssize_t i = 0; listener != nullptr && i < PyTuple_GET_SIZE(arguments); ++i) {
    PyObject* const path = PyTuple_GET_ITEM(arguments, i);
    Ask(path);
    AskAll(path);
  }
  return original_getter(type, arguments, keywords);
}

PyObject* NewCaller(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) > 0) Ask(PyTuple_GET_ITEM(arguments, 0));
  return original_caller(type, arguments, keywords);
}

PyObject* Format(PyObject* self, PyObject* arguments, PyObject* keywords) {
  AskAll(self);
  return original_format(self, arguments, keywords);
}

PyObject* FormatMap(PyObject* self, PyObject* mapping) {
  AskAll(self);
  return original_format_map(self, mapping);
}

PyObject* GetAttribute(PyObject* self, PyObject* arguments, void* wrapped) {
  if (PyTuple_Check(arguments) && PyTuple_GET_SIZE(arguments) == 1) Ask(PyTuple_GET_ITEM(arguments, 0));
  return original_getattribute(self, arguments, wrapped);
}

// How the slot behind `object.__getattribute__` is called, which all types share that are written in C.
wrapperfunc ReplaceGetAttribute() {
  PyObject* const slot = PyDict_GetItemString(NamespaceOf(&PyBaseObject_Type).ptr(), "__getattribute__");
  if (slot == nullptr || !Py_IS_TYPE(slot, &PyWrapperDescr_Type)) return nullptr;
  wrapperbase* const base = reinterpret_cast<PyWrapperDescrObject*>(slot)->d_base;
  const wrapperfunc original = base->wrapper;
  base->wrapper = &GetAttribute;
  return original;
}

// Everything that looks an attribute up by a text does what it ever did, and tells. Once watched, it stays so.
void Watch() {
  if (original_getattr != nullptr) return;
  const py::module_ builtins = py::module_::import("builtins");
  const py::module_ operators = py::module_::import("operator");
  auto* const getter = reinterpret_cast<PyTypeObject*>(operators.attr("attrgetter").ptr());
  auto* const caller = reinterpret_cast<PyTypeObject*>(operators.attr("methodcaller").ptr());
  const py::object texts = NamespaceOf(&PyUnicode_Type);
  original_getattr = Replace(builtins.attr("getattr").ptr(), METH_FASTCALL, &GetAttr);
  original_hasattr = Replace(builtins.attr("hasattr").ptr(), METH_FASTCALL, &HasAttr);
  original_format = Replace(PyDict_GetItemString(texts.ptr(), "format"), METH_VARARGS | METH_KEYWORDS,
                            PyCFunctionWithKeywords(&Format));
  original_format_map = Replace(PyDict_GetItemString(texts.ptr(), "format_map"), METH_O, PyCFunction(&FormatMap));
  original_getter = getter->tp_new;
  getter->tp_new = &NewGetter;
  original_caller = caller->tp_new;
  caller->tp_new = &NewCaller;
  original_getattribute = ReplaceGetAttribute();
}

// Returns who was told of which names before.
py::tuple Listen(const py::object& callback, const py::frozenset& telling) {
  Watch();
  const auto take = [](PyObject* held, const py::object& none) {
    return held == nullptr ? none : py::reinterpret_steal<py::object>(held);
  };
  py::tuple before = py::make_tuple(take(listener, py::none()), take(names, py::frozenset(py::set())));
  listener = callback.is_none() ? nullptr : py::object(callback).release().ptr();
  names = py::object(telling).release().ptr();
  return before;
}

}  // namespace

void BindLookups(py::module_& module) {
  module.def("listen_to_lookups", &Listen, py::arg("callback"), py::arg("names"), py::pos_only(),
             "Tells the callback every text by which an attribute is asked for at run time, if it is one of the names "
             "or has names in it; returns who was told before, and of which.");
}

}  // namespace jitserve
