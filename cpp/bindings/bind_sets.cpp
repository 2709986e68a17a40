#include "bind.h"
#include "definitions.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// Whom this thread tells of sets that are iterated over or shown; null when nobody listens.
thread_local PyObject* listener = nullptr;

// What is brought into an order of its own just now, or asked for something that does not depend on any.
thread_local PyObject* ordered = nullptr;

using FastWithKeywords = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using Fast = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);

getiterfunc original_iter = nullptr;
reprfunc original_repr = nullptr;
FastWithKeywords original_sorted = nullptr;
FastWithKeywords original_min_fast = nullptr;
FastWithKeywords original_max_fast = nullptr;
PyCFunctionWithKeywords original_min = nullptr;
PyCFunctionWithKeywords original_max = nullptr;
PyCFunction original_any = nullptr;
PyCFunction original_all = nullptr;
PyCFunction original_join = nullptr;
PyCFunction original_extend = nullptr;
PyCFunction original_pop = nullptr;
Fast original_from_keys = nullptr;
vectorcallfunc original_list = nullptr;

// Tells of a set; `shown` is whether somebody makes a text of it. Returns who was told, and is to be told again.
PyObject* Tell(PyObject* set, bool shown) {
  PyObject* const told = listener;
  if (told == nullptr || PySet_GET_SIZE(set) < 2) return told;
  listener = nullptr;  // the listener may look at the set itself
  PyObject* const answer = PyObject_CallFunctionObjArgs(told, set, shown ? Py_True : Py_False, nullptr);
  if (answer == nullptr) PyErr_WriteUnraisable(told);
  Py_XDECREF(answer);
  return told;
}

PyObject* Iterate(PyObject* set) {
  if (set != ordered) listener = Tell(set, false);
  return original_iter(set);
}

// Of the sets that the interpreter looks into by itself, without asking for an iterator.
void Visit(PyObject* values) {
  if (values != nullptr && PyAnySet_Check(values) && values != ordered) listener = Tell(values, false);
}

// Whether values like this one have one order only: sets do not, and whoever writes a class says what is less than
// what.
bool IsComparable(PyObject* value) {
  if (!PyTuple_CheckExact(value)) {
    return PyUnicode_CheckExact(value) || PyBytes_CheckExact(value) || PyLong_CheckExact(value) ||
           PyFloat_CheckExact(value) || PyBool_Check(value);
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    if (!IsComparable(PyTuple_GET_ITEM(value, i))) return false;
  }
  return true;
}

bool AreComparable(PyObject* set) {
  const py::object elements = py::reinterpret_steal<py::object>(original_iter(set));
  while (elements) {
    const py::object element = py::reinterpret_steal<py::object>(PyIter_Next(elements.ptr()));
    if (!element) break;
    if (!IsComparable(element.ptr())) return false;
  }
  return true;
}

// Says for as long as it lives that what is done with a set does not depend on its order.
class Ordered {
 public:
  explicit Ordered(PyObject* set) : before_(ordered) { ordered = set; }
  ~Ordered() { ordered = before_; }
  Ordered(const Ordered&) = delete;
  Ordered& operator=(const Ordered&) = delete;

 private:
  PyObject* before_;
};

// The only argument, if it is a set that comes out in the same order, whatever order it has; by a key, several may.
PyObject* OnlySet(PyObject* const* arguments, Py_ssize_t count, bool more) {
  const bool is_set = listener != nullptr && count == 1 && !more && PyAnySet_Check(arguments[0]);
  return is_set && AreComparable(arguments[0]) ? arguments[0] : nullptr;
}

PyObject* Sort(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const bool more = keywords != nullptr && PyTuple_GET_SIZE(keywords) != 0;
  const Ordered set(OnlySet(arguments, count, more));
  if (count != 0) Visit(arguments[0]);
  return original_sorted(self, arguments, count, keywords);
}

template <PyCFunctionWithKeywords* original>
PyObject* Extreme(PyObject* self, PyObject* arguments, PyObject* keywords) {
  const bool more = keywords != nullptr && PyDict_GET_SIZE(keywords) != 0;
  const Ordered set(OnlySet(&PyTuple_GET_ITEM(arguments, 0), PyTuple_GET_SIZE(arguments), more));
  return (*original)(self, arguments, keywords);
}

template <FastWithKeywords* original>
PyObject* ExtremeFast(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const bool more = keywords != nullptr && PyTuple_GET_SIZE(keywords) != 0;
  const Ordered set(OnlySet(arguments, count, more));
  return (*original)(self, arguments, count, keywords);
}

template <PyCFunction* original>
PyObject* Quantify(PyObject* self, PyObject* values) {
  const Ordered set(values);
  return (*original)(self, values);
}

template <PyCFunction* original>
PyObject* VisitArgument(PyObject* self, PyObject* values) {
  Visit(values);
  return (*original)(self, values);
}

PyObject* Pop(PyObject* set, PyObject* none) {
  Visit(set);
  return original_pop(set, none);
}

PyObject* FromKeys(PyObject* type, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 0) Visit(arguments[0]);
  return original_from_keys(type, arguments, count);
}

PyObject* NewList(PyObject* type, PyObject* const* arguments, std::size_t count, PyObject* keywords) {
  if (PyVectorcall_NARGS(count) == 1) Visit(arguments[0]);
  return original_list(type, arguments, count, keywords);
}

PyObject* Show(PyObject* set) {
  PyObject* const told = Tell(set, true);
  listener = nullptr;  // to make a text of a set is to iterate over it
  PyObject* const text = original_repr(set);
  listener = told;
  return text;
}

// A class that is made from now on takes what it inherits from here.
void Inherit(PyTypeObject* type, const char* name, void* function) {
  const py::object names = NamespaceOf(type);
  PyObject* const slot = names ? PyDict_GetItemString(names.ptr(), name) : nullptr;
  if (slot != nullptr && Py_IS_TYPE(slot, &PyWrapperDescr_Type)) {
    reinterpret_cast<PyWrapperDescrObject*>(slot)->d_wrapped = function;
  }
}

void WatchSubclasses(PyTypeObject* base) {
  py::object subclasses = py::reinterpret_steal<py::object>(
      PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyType_Type), "__subclasses__", "O", base));
  if (!subclasses) throw py::error_already_set();
  for (py::handle subclass : py::reinterpret_borrow<py::list>(subclasses)) {
    auto* const type = reinterpret_cast<PyTypeObject*>(subclass.ptr());
    if (type->tp_iter == original_iter) type->tp_iter = &Iterate;
    if (type->tp_repr == original_repr) type->tp_repr = &Show;
    WatchSubclasses(type);
  }
}

// Python 3.13 takes sets apart without asking them for an iterator; `dict.fromkeys` and `pop` ever did.
void WatchFunctions() {
  const py::module_ builtins = py::module_::import("builtins");
  const auto method = [](PyTypeObject* type, const char* name) {
    return PyDict_GetItemString(NamespaceOf(type).ptr(), name);
  };
  constexpr int kWithKeywords = METH_VARARGS | METH_KEYWORDS;
  constexpr int kFastWithKeywords = METH_FASTCALL | METH_KEYWORDS;
  original_sorted = Replace(builtins.attr("sorted").ptr(), kFastWithKeywords, FastWithKeywords(&Sort));
  original_min = Replace(builtins.attr("min").ptr(), kWithKeywords, PyCFunctionWithKeywords(&Extreme<&original_min>));
  original_max = Replace(builtins.attr("max").ptr(), kWithKeywords, PyCFunctionWithKeywords(&Extreme<&original_max>));
  original_min_fast =
      Replace(builtins.attr("min").ptr(), kFastWithKeywords, FastWithKeywords(&ExtremeFast<&original_min_fast>));
  original_max_fast =
      Replace(builtins.attr("max").ptr(), kFastWithKeywords, FastWithKeywords(&ExtremeFast<&original_max_fast>));
  original_any = Replace(builtins.attr("any").ptr(), METH_O, PyCFunction(&Quantify<&original_any>));
  original_all = Replace(builtins.attr("all").ptr(), METH_O, PyCFunction(&Quantify<&original_all>));
  original_join = Replace(method(&PyUnicode_Type, "join"), METH_O, PyCFunction(&VisitArgument<&original_join>));
  original_extend = Replace(method(&PyList_Type, "extend"), METH_O, PyCFunction(&VisitArgument<&original_extend>));
  original_pop = Replace(method(&PySet_Type, "pop"), METH_NOARGS, PyCFunction(&Pop));
  original_from_keys = Replace(method(&PyDict_Type, "fromkeys"), METH_FASTCALL, Fast(&FromKeys));
  original_list = PyList_Type.tp_vectorcall;
  if (original_list != nullptr) PyList_Type.tp_vectorcall = &NewList;
}

// Tells ``callback`` of every set of two elements or more that is iterated over or shown in this thread; returns who
// was told before. Sets do what they ever did. Once watched, they stay so: the interpreter asks its types, not us.
py::object Listen(const py::object& callback) {
  if (original_iter == nullptr) {
    original_iter = PySet_Type.tp_iter;
    original_repr = PySet_Type.tp_repr;
    for (PyTypeObject* type : {&PySet_Type, &PyFrozenSet_Type}) {
      type->tp_iter = &Iterate;
      type->tp_repr = &Show;
      Inherit(type, "__iter__", reinterpret_cast<void*>(&Iterate));
      Inherit(type, "__repr__", reinterpret_cast<void*>(&Show));
      WatchSubclasses(type);
    }
    WatchFunctions();
  }
  py::object before = listener == nullptr ? py::none() : py::reinterpret_steal<py::object>(listener);
  listener = callback.is_none() ? nullptr : callback.inc_ref().ptr();
  return before;
}

}  // namespace

void BindSets(py::module_& module) {
  module.def(
      "listen_to_sets", &Listen, py::arg("callback"), py::pos_only(),
      "Tells the callback every set that is iterated over (False) or made a text of (True); returns who was told "
      "before.");
}

}  // namespace jitserve
