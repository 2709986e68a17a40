#include "dict_changes.h"

namespace jitserve {
namespace {

std::uint64_t changes = 0;

#if PY_VERSION_HEX >= 0x030C0000 && !defined(Py_GIL_DISABLED)
int Told(PyDict_WatchEvent /*unused*/, PyObject* /*unused*/, PyObject* /*unused*/, PyObject* /*unused*/) {
  ++changes;
  return 0;
}

// The number of our watcher; negative where the interpreter has none left, which are 8 for all of a process.
int Watcher() {
  static const int watcher = PyDict_AddWatcher(&Told);
  if (watcher < 0) PyErr_Clear();
  return watcher;
}
#endif

}  // namespace

bool DictChanges::Watch(PyObject* dict) {
#if PY_VERSION_HEX >= 0x030C0000 && !defined(Py_GIL_DISABLED)
  if (Watcher() < 0) return false;
  if (PyDict_Watch(Watcher(), dict) == 0) return true;
  PyErr_Clear();
#else
  static_cast<void>(dict);
#endif
  return false;
}

std::uint64_t DictChanges::Count() { return changes; }

}  // namespace jitserve
