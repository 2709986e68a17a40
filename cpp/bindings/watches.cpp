#include "watches.h"

#include <algorithm>
#include <functional>

#include "dict_changes.h"
#include "dict_version.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ULL;  // 2**64 over the golden ratio

std::uint64_t Mixed(std::uint64_t state, const void* pointer) {
  state = (state ^ reinterpret_cast<std::uintptr_t>(pointer)) * kOdd;
  return state ^ (state >> 29);
}

// A number made of the objects in a container, which says that they are the same for as long as those are alive.
std::uint64_t ContentsOf(PyObject* container) {
  std::uint64_t state = kOdd;
  if (PyList_Check(container)) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(container); ++i) state = Mixed(state, PyList_GET_ITEM(container, i));
  } else if (PyAnySet_Check(container)) {
    const auto* const set = reinterpret_cast<PySetObject*>(container);
    for (Py_ssize_t i = 0; i <= set->mask; ++i) state = Mixed(state, set->table[i].key);
  } else {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(container, &position, &key, &value) != 0) state = Mixed(Mixed(state, key), value);
  }
  return state | 1;
}

// The version of a dictionary, or what is in a container.
std::uint64_t StampOf(PyObject* container) {
  const auto version = PyDict_Check(container) ? DictVersion(container) : std::nullopt;
  return version ? *version << 1 : ContentsOf(container);
}

template <typename State>
void SortOut(std::vector<State>& states) {
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
}

// Whether there is a state of that object. The states are sorted by their objects.
template <typename State, typename Object>
bool Has(const std::vector<State>& states, Object* State::* of, const void* object) {
  const std::less<const void*> less;
  const auto found = std::lower_bound(states.begin(), states.end(), object,
                                      [&](const State& state, const void* other) { return less(state.*of, other); });
  return found != states.end() && (*found).*of == object;
}

}  // namespace

Watches::Watches() : changes_(DictChanges::Count()) {}

void Watches::Dict(PyObject* dict) {
  KeepAlive(dict);
  if (!DictVersion(dict)) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value) != 0) KeepAlive(value);
  }
  (DictChanges::Watch(dict) ? watched_ : dicts_).push_back({dict, StampOf(dict)});
}

void Watches::Container(PyObject* container) {
  KeepAlive(container);
  if (PyList_Check(container)) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(container); ++i) KeepAlive(PyList_GET_ITEM(container, i));
  } else {
    const auto* const set = reinterpret_cast<PySetObject*>(container);
    for (Py_ssize_t i = 0; i <= set->mask; ++i) KeepAlive(set->table[i].key);
  }
  dicts_.push_back({container, StampOf(container)});
}

void Watches::Function(PyFunctionObject* function) {
  KeepAlive(reinterpret_cast<PyObject*>(function));
  KeepAlive(function->func_code);
  KeepAlive(function->func_defaults);
  KeepAlive(function->func_kwdefaults);
  functions_.push_back({function, function->func_code, function->func_defaults, function->func_kwdefaults});
}

void Watches::Bases(PyTypeObject* type) {
  KeepAlive(reinterpret_cast<PyObject*>(type));
  KeepAlive(type->tp_bases);
  bases_.push_back({type, type->tp_bases});
}

void Watches::Field(PyObject* owner, PyObject* const* where) {
  KeepAlive(owner);
  KeepAlive(*where);
  fields_.push_back({where, *where});
}

void Watches::Join(const Watches& others) {
  changes_ = std::min(changes_, others.changes_);
  watched_.insert(watched_.end(), others.watched_.begin(), others.watched_.end());
  dicts_.insert(dicts_.end(), others.dicts_.begin(), others.dicts_.end());
  functions_.insert(functions_.end(), others.functions_.begin(), others.functions_.end());
  bases_.insert(bases_.end(), others.bases_.begin(), others.bases_.end());
  fields_.insert(fields_.end(), others.fields_.begin(), others.fields_.end());
}

void Watches::Sort() {
  SortOut(watched_);
  SortOut(dicts_);
  SortOut(functions_);
  SortOut(bases_);
  SortOut(fields_);
}

bool Watches::HasAlterable(const void* object) const {
  return Has(functions_, &FunctionState::function, object) || Has(bases_, &BasesState::type, object);
}

bool Watches::Hold(const std::vector<DictState>& states) {
  return std::all_of(states.begin(), states.end(),
                     [](const DictState& state) { return StampOf(state.dict) == state.stamp; });
}

bool Watches::HoldButAlterable() {
  if (const auto changes = DictChanges::Count(); changes_ != changes) {
    if (!Hold(watched_)) return false;
    changes_ = changes;
  }
  if (!Hold(dicts_)) return false;
  for (const FieldState& state : fields_) {
    if (*state.where != state.value) return false;
  }
  return true;
}

bool Watches::AlterableHold() const {
  for (const FunctionState& state : functions_) {
    if (state.function->func_code != state.code || state.function->func_defaults != state.defaults ||
        state.function->func_kwdefaults != state.keywords) {
      return false;
    }
  }
  return std::all_of(bases_.begin(), bases_.end(),
                     [](const BasesState& state) { return state.type->tp_bases == state.bases; });
}

}  // namespace jitserve
