// Whether a dictionary is as it was, without a look at what is in it.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>

namespace jitserve {

// CPython 3.11 to 3.13 keep in every dictionary a number that is new whenever a key or a value is bound otherwise, and
// that no two dictionaries share: an equal number says the same dictionary, with the very same objects under the very
// same keys. It says nothing of what is in those objects. None where the interpreter keeps no such number.
//
// `dict` has to be a dictionary. Those of modules, classes and functions have such a number. That of an instance has
// none from 3.12 on while its values are kept in the instance: on 3.13 they change behind the dictionary's back.
inline std::optional<std::uint64_t> DictVersion(PyObject* dict) {
#if PY_VERSION_HEX < 0x030E0000 && !defined(Py_GIL_DISABLED) && !defined(PYPY_VERSION)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const auto* const object = reinterpret_cast<PyDictObject*>(dict);
  const std::uint64_t tag = object->ma_version_tag;
#pragma GCC diagnostic pop
#if PY_VERSION_HEX >= 0x030C0000
  if (object->ma_values != nullptr) return std::nullopt;
#endif
#if PY_VERSION_HEX >= 0x030D0000
  const std::uint64_t version = tag >> 12;  // the rest belongs to those who watch the dictionary
#elif PY_VERSION_HEX >= 0x030C0000
  const std::uint64_t version = tag >> 8;
#else
  const std::uint64_t version = tag;
#endif
  if (version != 0) return version;
#else
  static_cast<void>(dict);
#endif
  return std::nullopt;
}

}  // namespace jitserve
