#include "altered.h"

#include <cstring>
#include <unordered_set>
#include <vector>

namespace jitserve {
namespace {

constexpr const char* kProbe = "jitserve.altered";

// Never freed: hooks are called until the interpreter has ended.
struct State {
  bool heard_probe = false;
  std::vector<const void*> objects;
  std::unordered_set<const void*> with_keywords;
  bool keywords_are_read = false;
  bool cells_are_given = false;
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

bool IsOfBehaviour(PyObject* object, PyObject* name) {
  if (!PyUnicode_Check(name)) return false;
  if (PyType_Check(object)) return PyUnicode_CompareWithASCIIString(name, "__bases__") == 0;
  if (!PyFunction_Check(object)) return false;
  for (const char* each : {"__code__", "__defaults__", "__kwdefaults__"}) {
    if (PyUnicode_CompareWithASCIIString(name, each) == 0) return true;
  }
  return false;
}

bool IsReadOfKeywords(PyObject* object, PyObject* name) {
  return PyFunction_Check(object) && PyUnicode_Check(name) &&
         PyUnicode_CompareWithASCIIString(name, "__kwdefaults__") == 0 && TheState().with_keywords.contains(object);
}

bool HasFreeVariables(PyObject* arguments) {
  if (!PyTuple_Check(arguments) || PyTuple_GET_SIZE(arguments) < 1) return false;
  PyObject* const code = PyTuple_GET_ITEM(arguments, 0);
  return PyCode_Check(code) && PyCode_GetNumFree(reinterpret_cast<PyCodeObject*>(code)) > 0;
}

int Hook(const char* event, PyObject* arguments, void* /*unused*/) {
  if (std::strcmp(event, "object.__setattr__") == 0 || std::strcmp(event, "object.__delattr__") == 0) {
    if (!PyTuple_Check(arguments) || PyTuple_GET_SIZE(arguments) < 2) return 0;
    PyObject* const object = PyTuple_GET_ITEM(arguments, 0);
    if (IsOfBehaviour(object, PyTuple_GET_ITEM(arguments, 1))) TheState().objects.push_back(object);
  } else if (std::strcmp(event, "object.__getattr__") == 0) {
    if (!PyTuple_Check(arguments) || PyTuple_GET_SIZE(arguments) < 2) return 0;
    if (IsReadOfKeywords(PyTuple_GET_ITEM(arguments, 0), PyTuple_GET_ITEM(arguments, 1))) {
      TheState().keywords_are_read = true;
    }
  } else if (std::strcmp(event, "function.__new__") == 0 || std::strcmp(event, "exec") == 0) {
    if (HasFreeVariables(arguments)) TheState().cells_are_given = true;
  } else if (std::strncmp(event, "gc.get_", 7) == 0) {
    TheState().keywords_are_read = true;
  } else if (std::strcmp(event, kProbe) == 0) {
    TheState().heard_probe = true;
  }
  return 0;
}

bool BeginToListen() {
#ifdef Py_GIL_DISABLED
  return false;
#else
  // An older hook may forbid it, and CPython does not say so.
  if (PySys_AddAuditHook(&Hook, nullptr) < 0 || PySys_Audit(kProbe, nullptr) < 0) PyErr_Clear();
  return TheState().heard_probe;
#endif
}

}  // namespace

bool Altered::Listen() {
  static const bool listens = BeginToListen();
  return listens;
}

std::size_t Altered::Count() { return TheState().objects.size(); }

const void* Altered::At(std::size_t index) { return TheState().objects[index]; }

void Altered::WatchKeywords(const PyFunctionObject* function) { TheState().with_keywords.insert(function); }

bool Altered::CellsAreGiven() { return !Listen() || TheState().cells_are_given; }

bool Altered::KeywordsAreRead() { return !Listen() || TheState().keywords_are_read; }

}  // namespace jitserve
