#include "watches.h"

#include <algorithm>
#include <functional>

#include "altered.h"
#include "cell_changes.h"
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

// Whether instances may keep their values themselves, which then change without a word, also where there is a
// dictionary.
bool KeepsValues(PyTypeObject* type) {
#ifdef Py_TPFLAGS_INLINE_VALUES
  return PyType_HasFeature(type, Py_TPFLAGS_INLINE_VALUES);
#else
  return PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT);
#endif
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

Watches::Watches() : changes_(DictChanges::Count()), cell_changes_(CellChanges::Count()) {}

void Watches::Dict(PyObject* dict) { Dict(dict, DictVersion(dict).has_value()); }

void Watches::Attributes(PyObject* owner, PyObject* dict) {
  PyObject* const* const where = _PyObject_GetDictPtr(owner);
  const bool is_managed = PyType_HasFeature(Py_TYPE(owner), Py_TPFLAGS_MANAGED_DICT);
  if (dict != nullptr) Dict(dict, !KeepsValues(Py_TYPE(owner)) || DictVersion(dict));
  if (where != nullptr && (is_managed || dict == nullptr)) Field(owner, where);
}

void Watches::Dict(PyObject* dict, bool tells) {
  KeepAlive(dict);
  if (!DictVersion(dict)) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value) != 0) KeepAlive(value);
  }
  (tells && DictChanges::Watch(dict) ? watched_ : dicts_).push_back({dict, StampOf(dict)});
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
  functions_.push_back({function, function->func_code, function->func_defaults, function->func_kwdefaults});
}

void Watches::Keywords(PyFunctionObject* function) {
  PyObject* const dict = function->func_kwdefaults;
  const auto version = DictVersion(dict);
  // Where only the function has it, there is but one way to get hold of it. It is not kept alive, which would be
  // another: no later dictionary has its version.
  if (DictChanges::Watch(dict) || !version || Py_REFCNT(dict) != 1) return Dict(dict);
  Altered::WatchKeywords(function);
  keywords_.push_back({function, dict, StampOf(dict)});
}

void Watches::Cell(PyFunctionObject* function, PyCellObject* cell) {
  auto* const object = reinterpret_cast<PyObject*>(cell);
  if (!CellChanges::IsSettled(function, object)) return Field(object, &cell->ob_ref);
  KeepAlive(cell->ob_ref);
  cells_.push_back({&cell->ob_ref, cell->ob_ref});
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
  cell_changes_ = std::min(cell_changes_, others.cell_changes_);
  watched_.insert(watched_.end(), others.watched_.begin(), others.watched_.end());
  dicts_.insert(dicts_.end(), others.dicts_.begin(), others.dicts_.end());
  functions_.insert(functions_.end(), others.functions_.begin(), others.functions_.end());
  bases_.insert(bases_.end(), others.bases_.begin(), others.bases_.end());
  fields_.insert(fields_.end(), others.fields_.begin(), others.fields_.end());
  cells_.insert(cells_.end(), others.cells_.begin(), others.cells_.end());
  keywords_.insert(keywords_.end(), others.keywords_.begin(), others.keywords_.end());
}

void Watches::Sort() {
  SortOut(watched_);
  SortOut(dicts_);
  SortOut(functions_);
  SortOut(bases_);
  SortOut(fields_);
  SortOut(cells_);
  SortOut(keywords_);
}

bool Watches::HasAlterable(const void* object) const {
  return Has(functions_, &FunctionState::function, object) || Has(bases_, &BasesState::type, object);
}

bool Watches::Hold(const std::vector<DictState>& states) {
  return std::all_of(states.begin(), states.end(),
                     [](const DictState& state) { return StampOf(state.dict) == state.stamp; });
}

bool Watches::Hold(const std::vector<FieldState>& states) {
  return std::all_of(states.begin(), states.end(), [](const FieldState& state) { return *state.where == state.value; });
}

bool Watches::KeywordsHold() const {
  return std::all_of(keywords_.begin(), keywords_.end(), [](const KeywordsState& state) {
    return state.function->func_kwdefaults == state.dict && StampOf(state.dict) == state.stamp;
  });
}

bool Watches::HoldButAlterable() {
  if (const auto changes = DictChanges::Count(); changes_ != changes) {
    if (!Hold(watched_)) return false;
    changes_ = changes;
  }
  if (const auto changes = CellChanges::Count(); cell_changes_ != changes || Altered::CellsAreGiven()) {
    if (!Hold(cells_)) return false;
    cell_changes_ = changes;
  }
  if (Altered::KeywordsAreRead() && !KeywordsHold()) return false;
  return Hold(dicts_) && Hold(fields_);
}

bool Watches::AlterableHold() const {
  for (const FunctionState& state : functions_) {
    if (state.function->func_code != state.code || state.function->func_defaults != state.defaults ||
        state.function->func_kwdefaults != state.keywords) {
      return false;
    }
  }
  return std::all_of(bases_.begin(), bases_.end(),
                     [](const BasesState& state) { return state.type->tp_bases == state.bases; }) &&
         KeywordsHold();
}

}  // namespace jitserve
