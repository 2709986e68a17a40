#include "names.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "code_parts.h"
#include "imports.h"
#include "opcodes.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

void Add(const py::set& set, py::handle value) {
  if (PySet_Add(set.ptr(), value.ptr()) != 0) throw py::error_already_set();
}

bool Is(py::handle name, std::string_view text) {
  return PyUnicode_CompareWithASCIIString(name.ptr(), text.data()) == 0;
}

template <typename... Texts>
bool IsOneOf(py::handle name, Texts... texts) {
  return name && (Is(name, texts) || ...);
}

bool IsReader(py::handle name) { return IsOneOf(name, "getattr", "hasattr"); }
bool IsOrderless(py::handle name) { return IsOneOf(name, "sorted", "len", "min", "max", "any", "all"); }

// Whether some call gives `key=`, by which elements that differ may be equal: then they stay in the order of the set.
bool CallsWithKey(PyCodeObject* code) {
  for (py::handle constant : py::reinterpret_borrow<py::tuple>(code->co_consts)) {
    if (!PyTuple_CheckExact(constant.ptr())) continue;
    for (py::handle name : py::reinterpret_borrow<py::tuple>(constant)) {
      if (PyUnicode_CheckExact(name.ptr()) && Is(name, "key")) return true;
    }
  }
  return false;
}
bool MakesSet(py::handle method) {
  return IsOneOf(method, "union", "intersection", "difference", "symmetric_difference");
}

// The order of such a set differs from process to process.
bool IsUnorderedConstant(py::handle value) {
  return PyFrozenSet_CheckExact(value.ptr()) && PySet_GET_SIZE(value.ptr()) > 1 && !IsOfNumbers(value);
}

// One pass over one code object. Handles are borrowed from its names and constants, which live as long as it does.
class Scan {
 public:
  Scan(PyCodeObject* code, Names& names, const OpcodeTable& opcodes)
      : code_(code),
        names_(names),
        opcodes_(opcodes),
        calls_with_key_(CallsWithKey(code)),
        variables_(VariablesOf(code)),
        instructions_(InstructionsOf(code, opcodes)) {}

  void Run() {
    for (at_ = 0; at_ < instructions_.size(); ++at_) {
      Decide(instructions_[at_].opcode == opcodes_.contains_op);
      Step(instructions_[at_]);
    }
    Decide(false);
    EndChain();
    if (has_imports_) AddImports(code_, instructions_, opcodes_, names_.imports);
  }

 private:
  py::handle Item(PyObject* tuple, std::uint32_t index, const char* what) const {
    const auto size = static_cast<std::size_t>(PyTuple_GET_SIZE(tuple));
    if (index < size) return PyTuple_GET_ITEM(tuple, static_cast<Py_ssize_t>(index));
    throw py::value_error("an instruction refers to " + std::string(what) + " " + std::to_string(index) + " of " +
                          std::to_string(size));
  }

  py::handle Name(std::uint32_t index) const { return Item(code_->co_names, index, "name"); }

  py::handle Variable(std::uint32_t index) const {
    if (index < variables_.size()) return variables_[index];
    throw py::value_error("an instruction refers to variable " + std::to_string(index) + " of " +
                          std::to_string(variables_.size()));
  }

  // The instruction at hand tells how what was loaded last is used.
  void Decide(bool is_membership_test) {
    if (pending_ && !is_membership_test) Add(names_.loads, pending_);
    if (fresh_set_ && !is_membership_test) names_.builds_set = true;
    pending_ = py::handle();
    fresh_set_ = false;
  }

  void Step(Instruction instruction) {
    const std::uint32_t argument = instruction.argument;
    switch (opcodes_.role[instruction.opcode]) {
      case Role::kLoadGlobal:
        return BeginChain(Name(argument >> 1));
      case Role::kLoadName:
        return BeginChain(Name(argument));
      case Role::kLoadAttr:
        Attribute(Name(argument >> opcodes_.attribute_shift));
        if (name_of_chain_) chain_.push_back(pending_);
        return;
      case Role::kLoadSuperAttr:
        Attribute(Name(argument >> 2));
        return EndChain();
      case Role::kLoadConst:
        return Constant(Item(code_->co_consts, argument, "constant"));
      default:
        return Other(instruction);
    }
  }

  void BeginChain(py::handle name) {
    const py::handle previous = chain_.empty() ? name_of_chain_ : py::handle();
    EndChain();
    if (IsOneOf(name, "set", "frozenset") && (calls_with_key_ || !IsOrderless(previous))) names_.builds_set = true;
    has_reader_ = IsReader(previous);
    name_of_chain_ = pending_ = name;
  }

  void EndChain() {
    if (name_of_chain_) {
      PyObject* known = PyDict_GetItemWithError(names_.chains.ptr(), name_of_chain_.ptr());  // borrowed
      if (known == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
      const py::set chains = known == nullptr ? py::set() : py::reinterpret_borrow<py::set>(known);
      if (known == nullptr) names_.chains[name_of_chain_] = chains;
      Add(chains, TupleOfChain());
    }
    name_of_chain_ = py::handle();
    chain_.clear();
    has_reader_ = false;
  }

  py::tuple TupleOfChain(py::handle last = py::handle()) const {
    py::tuple items(chain_.size() + (last ? 1 : 0));
    for (std::size_t i = 0; i < chain_.size(); ++i) items[i] = chain_[i];
    if (last) items[chain_.size()] = last;
    return items;
  }

  void Attribute(py::handle name) {
    Add(names_.attributes, name);
    pending_ = name;
    names_.builds_set |= MakesSet(name);
  }

  void Constant(py::handle value) {
    if (name_of_chain_ && has_reader_ && PyUnicode_CheckExact(value.ptr()) && IsWholeArgument()) {
      chain_.push_back(value);
      Add(names_.attributes, value);
      names_.reads_by_name = true;
    }
    EndChain();
    fresh_set_ = IsUnorderedConstant(value);
  }

  // Whether the constant just loaded is the second argument of the reader: `getattr(m, "x" + y)` is not.
  bool IsWholeArgument() const {
    const Instruction* const next = instructions_.data() + at_ + 1;
    const std::size_t left = instructions_.size() - at_ - 1;
    if (left > 0 && next[0].opcode == opcodes_.call && next[0].argument == 2) return true;
    return left > 1 && opcodes_.is_simple_load[next[0].opcode] && next[1].opcode == opcodes_.call &&
           next[1].argument == 3;
  }

  void Other(Instruction instruction) {
    const auto [opcode, argument] = instruction;
    const Role role = opcodes_.role[opcode];
    const auto written = name_of_chain_ ? WrittenAttribute(instructions_, at_, opcodes_) : std::nullopt;
    if (written) Add(names_.writes, py::make_tuple(name_of_chain_, TupleOfChain(Name(*written))));
    EndChain();
    if (role == Role::kWriteGlobal) {
      Add(names_.globals_written, Name(argument));
    } else if (role == Role::kBuildSet) {
      fresh_set_ = true;
    } else if (role == Role::kSetAdd || (role == Role::kBinaryOp && IsSetOperator(argument) && IsBetweenViews())) {
      names_.builds_set = true;
    } else if (role == Role::kPairOfLocals) {
      Add(names_.loads, Variable(argument >> 4));
      pending_ = Variable(argument & 15);
    } else if (role == Role::kLoadLocal) {
      if (argument < variables_.size()) pending_ = variables_[argument];
    } else if (role == Role::kImportName) {
      has_imports_ = true;
    }
  }

  bool IsSetOperator(std::uint32_t argument) const { return argument < 256 && opcodes_.is_set_operator[argument]; }

  // Whether an operand of the operation at hand is `d.keys()` or `d.items()`: it makes a set of them.
  bool IsBetweenViews() const {
    std::size_t end = at_;
    const std::size_t begin = at_ - std::min<std::size_t>(at_, 3);
    if (end > begin && opcodes_.is_simple_load[instructions_[end - 1].opcode]) --end;
    if (end < begin + 2) return false;
    const Instruction call = instructions_[end - 1];
    const Instruction load = instructions_[end - 2];
    if (call.opcode != opcodes_.call || call.argument != 0 || opcodes_.role[load.opcode] != Role::kLoadAttr) {
      return false;
    }
    return IsOneOf(Name(load.argument >> opcodes_.attribute_shift), "keys", "items");
  }

  PyCodeObject* code_;
  Names& names_;
  const OpcodeTable& opcodes_;
  bool calls_with_key_;
  std::vector<py::object> variables_;
  std::vector<Instruction> instructions_;
  std::size_t at_ = 0;
  py::handle name_of_chain_;       // the global that the chain under way began with
  std::vector<py::handle> chain_;  // the attributes that followed
  bool has_reader_ = false;        // getattr or hasattr was loaded just before that global
  py::handle pending_;             // a name whose use is decided by the next instruction
  bool fresh_set_ = false;         // a set was made, and the next instruction tells whether only membership is asked
  bool has_imports_ = false;
};

void Collect(py::handle handle, Names& names, const OpcodeTable& opcodes) {
  // Hand-made code may be nested deeper than the C++ stack is.
  if (Py_EnterRecursiveCall(" in jitserve._core.code_names") != 0) throw py::error_already_set();
  struct Leave {
    ~Leave() { Py_LeaveRecursiveCall(); }
  } leave;
  auto* const code = reinterpret_cast<PyCodeObject*>(handle.ptr());
  names.codes.append(handle);
  Scan(code, names, opcodes).Run();
  for (py::handle constant : py::reinterpret_borrow<py::tuple>(code->co_consts)) {
    if (PyCode_Check(constant.ptr())) Collect(constant, names, opcodes);
  }
}

}  // namespace

Names NamesOf(py::handle code) {
  if (!PyCode_Check(code.ptr())) {
    throw py::type_error(std::string("expected a code object, not ") + Py_TYPE(code.ptr())->tp_name);
  }
  Names names;
  Collect(code, names, Opcodes());
  return names;
}

py::list InOrder(const py::dict& chains) {
  py::list names = Owned(PyDict_Keys(chains.ptr()));
  if (PyList_Sort(names.ptr()) != 0) throw py::error_already_set();
  py::list ordered;
  for (py::handle name : names) {
    const py::object of_name = Owned(PySequence_List(py::object(chains[name]).ptr()));
    if (PyList_Sort(of_name.ptr()) != 0) throw py::error_already_set();
    ordered.append(py::make_tuple(name, of_name));
  }
  return ordered;
}

}  // namespace jitserve
