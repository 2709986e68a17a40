// What has been found out about objects that cannot change.
#pragma once

#include <Python.h>

#include <cstddef>
#include <unordered_map>
#include <utility>

namespace jitserve {

// By identity; it keeps the objects alive, so that no address is used again. A process that makes such objects for
// ever (exec in a loop) must not keep all of them: when full, it starts afresh.
//
// REQUIRES: the GIL is held. Never to be destroyed: at exit there may be no interpreter left to release references to.
template <typename Value>
class IdentityMemo {
 public:
  // Null: nothing is known. Good until the next call.
  const Value* Find(PyObject* object) const {
    const auto found = known_.find(object);
    return found == known_.end() ? nullptr : &found->second;
  }

  void Remember(PyObject* object, const Value& value) {
    if (known_.size() >= kSize) {
      std::unordered_map<PyObject*, Value> full;
      full.swap(known_);  // first: releasing a reference can run Python code that comes back here
      for (const auto& [old, unused] : full) Py_DECREF(old);
    }
    if (known_.try_emplace(object, value).second) Py_INCREF(object);
  }

 private:
  static constexpr std::size_t kSize = 65536;

  std::unordered_map<PyObject*, Value> known_;
};

}  // namespace jitserve
