#include "imports.h"

#include <string>

#include "opcodes.h"

namespace py = pybind11;

namespace jitserve {
namespace {

py::handle NameAt(PyCodeObject* code, std::uint32_t index) {
  const auto size = static_cast<std::size_t>(PyTuple_GET_SIZE(code->co_names));
  if (index < size) return PyTuple_GET_ITEM(code->co_names, static_cast<Py_ssize_t>(index));
  throw py::value_error("an instruction refers to name " + std::to_string(index) + " of " + std::to_string(size));
}

// The attribute chains that follow the loads of one variable, in the code at hand and in the code nested in it.
// `is_held`: it holds something before the code runs, so that to store something else in it is another use.
class Uses {
 public:
  Uses(py::handle variable, const OpcodeTable& opcodes, bool is_held)
      : variable_(variable), opcodes_(opcodes), is_held_(is_held) {}

  void Read(PyCodeObject* code, const std::vector<Instruction>& instructions) {
    const std::vector<py::object> variables = VariablesOf(code);
    const auto is_meant = [&](std::uint32_t index) { return index < variables.size() && IsVariable(variables[index]); };
    const bool is_shared = IsIn(PyCode_GetCellvars(code)) || IsIn(PyCode_GetFreevars(code));
    for (std::size_t at = 0; at < instructions.size(); ++at) {
      const auto [opcode, argument] = instructions[at];
      if (opcodes_.role[opcode] == Role::kPairOfLocals) {
        if (opcode != opcodes_.store_load && is_meant(argument >> 4)) Add(py::list());
        if (is_meant(argument & 15)) Follow(code, instructions, at);
      } else if (opcodes_.role[opcode] == Role::kLoadLocal && is_meant(argument)) {
        // What is loaded as if it were no cell is the cell itself, for a function that is being made.
        if (!(is_shared && opcode == opcodes_.load_fast)) Follow(code, instructions, at);
      } else if (is_held_ && opcodes_.is_write_of_shared[opcode] && is_meant(argument)) {
        Add(py::list());
      }
    }
    if (is_shared) ReadNested(code);
  }

  // In an order that does not depend on hashing.
  py::tuple Chains() const {
    const py::list ordered = Owned(PySequence_List(chains_.ptr()));
    if (PyList_Sort(ordered.ptr()) != 0) throw py::error_already_set();
    return py::tuple(ordered);
  }

  bool are_written() const { return are_written_; }

 private:
  bool IsVariable(py::handle name) const { return PyUnicode_Compare(name.ptr(), variable_.ptr()) == 0; }

  bool IsIn(PyObject* names) const { return Owned(names).contains(variable_); }

  void Add(const py::list& chain) {
    if (PySet_Add(chains_.ptr(), py::tuple(chain).ptr()) != 0) throw py::error_already_set();
  }

  void Follow(PyCodeObject* code, const std::vector<Instruction>& instructions, std::size_t at) {
    py::list chain;
    for (++at; at < instructions.size() && opcodes_.role[instructions[at].opcode] == Role::kLoadAttr; ++at) {
      chain.append(NameAt(code, instructions[at].argument >> opcodes_.attribute_shift));
    }
    are_written_ |= WrittenAttribute(instructions, at, opcodes_).has_value();
    Add(chain);
  }

  void ReadNested(PyCodeObject* code) {
    for (py::handle constant : py::reinterpret_borrow<py::tuple>(code->co_consts)) {
      if (!PyCode_Check(constant.ptr())) continue;
      auto* const inner = reinterpret_cast<PyCodeObject*>(constant.ptr());
      if (IsIn(PyCode_GetFreevars(inner))) Read(inner, InstructionsOf(inner, opcodes_));
    }
  }

  py::handle variable_;
  const OpcodeTable& opcodes_;
  bool is_held_;
  py::set chains_;
  bool are_written_ = false;
};

class Imports {
 public:
  Imports(PyCodeObject* code, const std::vector<Instruction>& instructions, const OpcodeTable& opcodes,
          const py::set& found)
      : code_(code), instructions_(instructions), opcodes_(opcodes), found_(found) {}

  void Run() {
    for (std::size_t at = 0; at < instructions_.size(); ++at) {
      if (RoleAt(at) != Role::kImportName) continue;
      const std::string module = DotsBefore(at) + NameAt(code_, instructions_[at].argument).cast<std::string>();
      IsFromImport(at) ? From(module, at + 1) : Whole(module, at + 1);
    }
  }

 private:
  Role RoleAt(std::size_t at) const {
    return at < instructions_.size() ? opcodes_.role[instructions_[at].opcode] : Role::kSkip;
  }

  // The constant that is loaded `back` instructions before one.
  py::handle ConstantBefore(std::size_t at, std::size_t back) const {
    if (at < back || RoleAt(at - back) != Role::kLoadConst) return {};
    const auto index = static_cast<Py_ssize_t>(instructions_[at - back].argument);
    return index < PyTuple_GET_SIZE(code_->co_consts) ? py::handle(PyTuple_GET_ITEM(code_->co_consts, index))
                                                      : py::handle();
  }

  bool IsFromImport(std::size_t at) const {
    const py::handle names = ConstantBefore(at, 1);
    return names && PyTuple_CheckExact(names.ptr());
  }

  std::string DotsBefore(std::size_t at) const {
    const py::handle constant = ConstantBefore(at, 2);
    if (!constant || !PyLong_CheckExact(constant.ptr())) return "";
    int overflow = 0;
    const long level = PyLong_AsLongAndOverflow(constant.ptr(), &overflow);
    if (overflow != 0 || level > 1000) throw py::value_error("an import of a level that no compiler makes");
    return level > 0 ? std::string(static_cast<std::size_t>(level), '.') : "";
  }

  // `from module import a, b`
  void From(const std::string& module, std::size_t at) {
    if (RoleAt(at) != Role::kImportFrom) Add(module, module, py::list(), at);
    for (; RoleAt(at) == Role::kImportFrom; at += 2) {
      py::list taken;
      taken.append(NameAt(code_, instructions_[at].argument));
      Add(module, module, taken, at + 1);
    }
  }

  // `import a.b` gives `a`; `import a.b.c as d` takes `b` from it, and then `c`, with two instructions between them.
  void Whole(const std::string& module, std::size_t at) {
    py::list taken;
    while (RoleAt(at) == Role::kImportFrom) {
      taken.append(NameAt(code_, instructions_[at].argument));
      at += RoleAt(at + 3) == Role::kImportFrom ? 3 : 1;
    }
    Add(module, module.substr(0, module.find('.')), taken, at);
  }

  // `store` puts what was imported into a variable.
  void Add(const std::string& module, const std::string& base, const py::list& taken, std::size_t store) {
    const py::object variable = VariableAt(store);
    py::tuple chains = py::make_tuple(py::tuple());  // used in every way, as far as one knows
    bool are_written = false;
    if (variable) {
      Uses uses(variable, opcodes_, false);
      uses.Read(code_, instructions_);
      chains = uses.Chains();
      are_written = uses.are_written();
    }
    const py::tuple entry = py::make_tuple(module, base, py::tuple(taken), chains, are_written);
    if (PySet_Add(found_.ptr(), entry.ptr()) != 0) throw py::error_already_set();
  }

  py::object VariableAt(std::size_t at) const {
    if (at >= instructions_.size()) return {};
    const auto [opcode, argument] = instructions_[at];
    const bool is_pair = opcode == opcodes_.store_load && opcodes_.role[opcode] == Role::kPairOfLocals;
    if (!is_pair && !opcodes_.is_store_of_variable[opcode]) return {};
    const std::vector<py::object> variables = VariablesOf(code_);
    const std::uint32_t index = is_pair ? argument >> 4 : argument;
    if (index >= variables.size()) return {};
    // A variable of an enclosing function is read in places that are not at hand.
    return Owned(PyCode_GetFreevars(code_)).contains(variables[index]) ? py::object() : variables[index];
  }

  PyCodeObject* code_;
  const std::vector<Instruction>& instructions_;
  const OpcodeTable& opcodes_;
  const py::set& found_;
};

}  // namespace

VariableUses UsesOfVariable(PyCodeObject* code, py::handle name) {
  const OpcodeTable& opcodes = Opcodes();
  Uses uses(name, opcodes, true);
  uses.Read(code, InstructionsOf(code, opcodes));
  return {.chains = uses.Chains(), .are_written = uses.are_written()};
}

void AddImports(PyCodeObject* code, const std::vector<Instruction>& instructions, const OpcodeTable& opcodes,
                const py::set& found) {
  Imports(code, instructions, opcodes, found).Run();
}

}  // namespace jitserve
