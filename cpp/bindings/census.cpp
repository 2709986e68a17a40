#include "census.h"

#include <algorithm>
#include <tuple>

#include "altered.h"
#include "buffer.h"
#include "dict_version.h"
#include "states.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// A package is given its modules as attributes when they are imported, whoever imports them.
bool IsInnerModule(PyObject* names, const Name& binding) {
  if (!PyModule_Check(binding.value) || PyDict_GetItemString(names, "__path__") == nullptr) return false;
  const py::object name = py::reinterpret_steal<py::object>(PyModule_GetNameObject(binding.value));
  if (!name) PyErr_Clear();
  const std::string_view text = TextOf(name.ptr());
  return text.substr(text.rfind('.') + 1) == binding.text;
}

// What notebooks, debuggers and the like put in the place of builtins, and what is there for those who type.
bool IsInteractive(const Name& binding) {
  static const std::unordered_set<std::string_view> kNames = {"__import__", "breakpoint", "input", "open", "print"};
  return !(PyCFunction_Check(binding.value) || PyType_Check(binding.value)) || kNames.count(binding.text) != 0;
}

bool IsHomeOf(PyObject* type, PyObject* module) {
  static PyObject* const kModule = Interned("__module__");
  const py::object names = NamespaceOf(reinterpret_cast<PyTypeObject*>(type));
  PyObject* const home = names ? PyDict_GetItemWithError(names.ptr(), kModule) : nullptr;
  return home != nullptr && module != nullptr && PyUnicode_Check(home) && PyUnicode_Compare(home, module) == 0;
}

// While this lives, the garbage collector runs no finalizers, so that nobody's code comes in between.
class Undisturbed {
 public:
  Undisturbed() : enabled_(PyGC_Disable()) {}
  ~Undisturbed() {
    if (enabled_ != 0) PyGC_Enable();
  }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  int enabled_;
};

Digest DigestOf(const Description& description) { return Sha256(AsBytes(description.bytes())); }

}  // namespace

Digest NamesDigestOf(PyObject* module) {
  PyObject* const names = PyModule_GetDict(module);
  const py::object home = py::reinterpret_steal<py::object>(PyModule_GetNameObject(module));
  if (!home) PyErr_Clear();
  Known nobody;
  Watches unused;
  Description description(home.ptr(), nobody, unused, nullptr);
  const auto states = StatesIn(names);
  for (const Name& binding : NamesIn(names)) {
    if (!IsInnerModule(names, binding)) {
      description.Binding(binding.key, binding.value, states.count(binding.key) != 0);
    }
  }
  return DigestOf(description);
}

Census::Census(std::unordered_map<std::string, Look> packages, std::unordered_set<std::string> left_out)
    : packages_(std::move(packages)),
      left_out_(std::move(left_out)),
      altering_(!Altered::Listen()),
      altered_(Altered::Count()) {}

bool Census::Holds(Watches& watches) {
  for (; !altering_ && altered_ < Altered::Count(); ++altered_) {
    const void* const object = Altered::At(altered_);
    altering_ = all_.HasAlterable(object) || rule_watches_.HasAlterable(object);
  }
  return altering_ ? watches.Hold() : watches.HoldButAlterable();
}

std::optional<Look> Census::LookAt(std::string_view name) const {
  for (std::size_t end = name.size(); end != std::string_view::npos; end = name.substr(0, end).rfind('.')) {
    const auto found = packages_.find(std::string(name.substr(0, end)));
    if (found != packages_.end()) return found->second == Look::kNotAtAll ? std::nullopt : std::optional(found->second);
  }
  return std::nullopt;
}

// Whether other modules are to be looked at than there were: an import of anything else is none of our business. What
// is dropped goes to `dropped`.
bool Census::List(PyObject* modules, std::vector<Module>& dropped) {
  const auto version = DictVersion(modules);
  if (version && version == listed_) return false;
  listed_ = version;
  std::map<std::string, Module> listed;
  bool added = false;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(modules, &position, &key, &value) != 0) {
    const std::string name(TextOf(key));
    const auto look = PyModule_Check(value) ? LookAt(name) : std::nullopt;
    if (!look) continue;
    const auto known = modules_.find(name);
    if (known != modules_.end() && known->second.module.ptr() == value) {
      listed.insert(modules_.extract(known));
    } else {
      added = true;
      listed[name].module = py::reinterpret_borrow<py::object>(value);
      listed[name].look = *look;
    }
  }
  std::swap(modules_, listed);
  const bool removed = !listed.empty();
  for (auto& [name, entry] : listed) dropped.push_back(std::move(entry));
  return added || removed;
}

std::uint64_t Census::Refresh(PyObject* modules) {
  std::vector<Module> dropped;  // freed last, which may run finalizers
  const Undisturbed undisturbed;
  if (!List(modules, dropped) && Holds(all_)) return generation_;
  all_ = Watches();
  for (auto& [name, entry] : modules_) {
    if (!entry.described || !entry.watches.Hold()) {
      Module anew;
      anew.module = entry.module;
      anew.look = entry.look;
      Describe(anew);
      std::swap(entry, anew);
      dropped.push_back(std::move(anew));
    }
    all_.Join(entry.watches);
  }
  all_.Sort();
  return ++generation_;
}

void Census::Describe(Module& entry) {
  PyObject* const names = PyModule_GetDict(entry.module.ptr());
  const py::object home = py::reinterpret_steal<py::object>(PyModule_GetNameObject(entry.module.ptr()));
  if (!home) PyErr_Clear();
  Unread unread;
  Description description(home.ptr(), known_, entry.watches, entry.look == Look::kStrangers ? &unread : nullptr);
  entry.watches.Dict(names);
  const auto states = StatesIn(names);
  const std::string prefix = home && PyUnicode_Check(home.ptr()) ? home.cast<std::string>() + "." : "";
  for (const Name& binding : NamesIn(names)) {
    if (left_out_.contains(prefix + std::string(binding.text))) continue;
    if (IsInnerModule(names, binding) || (entry.look == Look::kBuiltIn && IsInteractive(binding))) continue;
    const bool told = description.Binding(binding.key, binding.value, states.count(binding.key) != 0);
    const bool is_class = PyType_Check(binding.value);
    if (is_class && told && entry.look >= Look::kClasses && IsHomeOf(binding.value, home.ptr())) {
      DescribeClass(entry, description, binding.value, names);
    }
    for (py::object& value : unread) entry.unread.emplace_back(prefix + std::string(binding.text), std::move(value));
    unread.clear();
    if (is_class) continue;
    if (entry.look == Look::kStrangers) {
      MeetStranger(binding.key, binding.value, Py_None, names, known_, entry.strangers);
    }
    if (IsPrimitive(binding.value)) entry.primitives.insert(binding.value);
  }
  entry.digest = DigestOf(description);
  entry.described = true;
}

void Census::DescribeClass(Module& entry, Description& description, PyObject* type, PyObject* home) {
  const py::object names = NamespaceOf(reinterpret_cast<PyTypeObject*>(type));
  description.Class(reinterpret_cast<PyTypeObject*>(type));
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (entry.look == Look::kStrangers && PyDict_Next(names.ptr(), &position, &key, &value) != 0) {
    if (!PyType_Check(value)) MeetStranger(key, value, type, home, known_, entry.strangers);
    MeetForeignClass(key, value, type, known_, entry.strangers);
  }
}

std::uint64_t Census::RefreshRules(const py::list& tables) {
  std::pair<Watches, Unread> dropped;  // freed last, which may run finalizers
  const Undisturbed undisturbed;
  std::swap(dropped.first, rule_watches_);
  std::swap(dropped.second, rule_unread_);
  std::unordered_set<PyObject*> primitives;
  for (const auto& [name, entry] : modules_) primitives.insert(entry.primitives.begin(), entry.primitives.end());
  std::map<std::pair<PyObject*, std::string>, Description> descriptions;
  for (PyObject* primitive : primitives) {
    descriptions.try_emplace({primitive, ""}, nullptr, known_, rule_watches_, &rule_unread_)
        .first->second.Contents(primitive);
  }
  for (py::handle item : tables) {
    const auto [title, table, own] = py::cast<std::tuple<std::string, py::dict, bool>>(item);
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    rule_watches_.Dict(table.ptr());
    while (PyDict_Next(table.ptr(), &position, &key, &value) != 0) {
      if (primitives.count(key) == 0) continue;
      const std::pair<PyObject*, std::string> row(key, own ? " in " + title : "");
      Description& description =
          descriptions.try_emplace(row, nullptr, known_, rule_watches_, &rule_unread_).first->second;
      description.Text(title);
      description.Value(value);
      if (!PyTuple_Check(value)) description.Contents(value);  // an entry may be a rule with options
    }
  }
  rules_.clear();
  for (const auto& [row, description] : descriptions) {
    const py::object name = py::reinterpret_steal<py::object>(PyObject_GetAttrString(row.first, "name"));
    if (!name) PyErr_Clear();
    rules_["rules of " + std::string(TextOf(name.ptr())) + row.second].push_back(DigestOf(description));
  }
  for (auto& [name, digests] : rules_) std::sort(digests.begin(), digests.end());
  rule_watches_.Sort();
  rules_of_ = ++generation_;
  return generation_;
}

py::dict Census::Digests() const {
  const Undisturbed undisturbed;
  py::dict found;
  for (const auto& [name, entry] : modules_) found[py::str(name)] = ToPython(entry.digest);
  for (const auto& [name, digests] : rules_) {
    std::string bytes;
    for (const Digest& digest : digests) bytes.append(digest.bytes.begin(), digest.bytes.end());
    found[py::str(name)] = py::bytes(bytes);
  }
  return found;
}

py::list Census::UnreadValues() const {
  const Undisturbed undisturbed;
  py::list found;
  for (const auto& [name, entry] : modules_) {
    for (const auto& [place, value] : entry.unread) found.append(py::make_tuple(place, value));
  }
  for (const py::object& value : rule_unread_) found.append(py::make_tuple("rules", value));
  return found;
}

py::list Census::Strangers() {
  const Undisturbed undisturbed;
  py::list found;
  for (const auto& [name, entry] : modules_) {
    PyObject* const home = PyModule_GetDict(entry.module.ptr());
    for (const Stranger& stranger : entry.strangers) {
      const bool known = stranger.function
                             ? known_.HasFunction(stranger.function.ptr(), home)
                             : known_.Has(stranger.value.ptr()) ||
                                   (!PyType_Check(stranger.value.ptr()) && known_.HasClassOf(stranger.value.ptr()));
      if (known) continue;
      found.append(py::make_tuple(name, stranger.cls, stranger.name, stranger.value,
                                  stranger.function ? stranger.function : py::none()));
    }
  }
  return found;
}

}  // namespace jitserve
