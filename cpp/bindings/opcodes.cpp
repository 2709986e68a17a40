#include "opcodes.h"

#include <pybind11/gil_safe_call_once.h>
#include <pybind11/pybind11.h>

#include <string>
#include <utility>

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr std::pair<const char*, Role> kRoles[] = {
    {"CACHE", Role::kSkip},
    {"PUSH_NULL", Role::kSkip},
    {"PRECALL", Role::kSkip},
    {"NOP", Role::kSkip},
    {"TO_BOOL", Role::kSkip},
    {"EXTENDED_ARG", Role::kExtendedArg},
    {"LOAD_GLOBAL", Role::kLoadGlobal},
    {"LOAD_NAME", Role::kLoadName},
    {"LOAD_FROM_DICT_OR_GLOBALS", Role::kLoadName},
    {"LOAD_ATTR", Role::kLoadAttr},
    {"LOAD_METHOD", Role::kLoadAttr},
    {"LOAD_SUPER_ATTR", Role::kLoadSuperAttr},
    {"LOAD_CONST", Role::kLoadConst},
    {"STORE_ATTR", Role::kWriteAttr},
    {"DELETE_ATTR", Role::kWriteAttr},
    {"STORE_GLOBAL", Role::kWriteGlobal},
    {"DELETE_GLOBAL", Role::kWriteGlobal},
    {"BUILD_SET", Role::kBuildSet},
    {"SET_ADD", Role::kSetAdd},
    {"BINARY_OP", Role::kBinaryOp},
    {"LOAD_FAST_LOAD_FAST", Role::kPairOfLocals},
    {"STORE_FAST_LOAD_FAST", Role::kPairOfLocals},
    {"IMPORT_NAME", Role::kImportName},
    {"IMPORT_FROM", Role::kImportFrom},
};

// Numbers beyond a byte are the compiler's own, and never in bytecode.
bool IsReal(std::size_t number) { return number < 256; }

void ReadLocals(const py::module_& opcode, const char* list, OpcodeTable& table) {
  const auto names = opcode.attr("opname").cast<py::list>();
  for (py::handle item : opcode.attr(list)) {
    const auto number = item.cast<std::size_t>();
    if (!IsReal(number)) continue;
    const auto name = py::object(names[number]).cast<std::string>();
    if (!name.starts_with("LOAD_") || name == "LOAD_CLOSURE") continue;
    table.is_simple_load[number] = true;
    if (table.role[number] == Role::kOther) table.role[number] = Role::kLoadLocal;
  }
}

void ReadSetOperators(const py::module_& opcode, OpcodeTable& table) {
  std::size_t number = 0;
  for (py::handle item : opcode.attr("_nb_ops")) {
    auto symbol = item.cast<py::tuple>()[1].cast<std::string>();
    if (symbol.size() > 1 && symbol.back() == '=') symbol.pop_back();
    table.is_set_operator.at(number++) = symbol == "&" || symbol == "|" || symbol == "-" || symbol == "^";
  }
}

OpcodeTable ReadOpcodeTable() {
  const py::module_ opcode = py::module_::import("opcode");
  const auto numbers = opcode.attr("opmap").cast<py::dict>();
  const auto number_of = [&numbers](const char* name) { return numbers[name].cast<std::uint8_t>(); };
  OpcodeTable table;
  for (const auto& [name, role] : kRoles) {
    if (!numbers.contains(name)) continue;
    const auto number = numbers[name].cast<std::size_t>();
    if (IsReal(number)) table.role[number] = role;
  }
  for (py::handle item : opcode.attr("hasconst")) {
    const auto number = item.cast<std::size_t>();
    if (IsReal(number)) table.refers_to_constant[number] = true;
  }
  ReadLocals(opcode, "haslocal", table);
  ReadLocals(opcode, "hasfree", table);
  table.is_simple_load[number_of("LOAD_CONST")] = true;
  table.is_simple_load[number_of("LOAD_GLOBAL")] = true;
  ReadSetOperators(opcode, table);
  table.extended_arg = number_of("EXTENDED_ARG");
  table.call = number_of("CALL");
  table.contains_op = number_of("CONTAINS_OP");
  table.copy = number_of("COPY");
  table.load_fast = number_of("LOAD_FAST");
  if (numbers.contains("STORE_FAST_LOAD_FAST")) table.store_load = number_of("STORE_FAST_LOAD_FAST");
  for (const char* const store : {"STORE_FAST", "STORE_DEREF"}) table.is_store_of_variable[number_of(store)] = true;
  for (const char* const write : {"STORE_DEREF", "DELETE_DEREF"}) table.is_write_of_shared[number_of(write)] = true;
  table.attribute_shift = PY_VERSION_HEX >= 0x030C0000 ? 1 : 0;  // since then the lowest bit is a flag
  return table;
}

}  // namespace

// Not a plain static: the import can let go of the GIL, and a thread that then holds it while waiting for the static's
// guard would wait for ever.
const OpcodeTable& Opcodes() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<OpcodeTable> storage;
  return storage.call_once_and_store_result(&ReadOpcodeTable).get_stored();
}

}  // namespace jitserve
