#include "code.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "code_parts.h"
#include "core/little_endian.h"
#include "core/tokens.h"
#include "identity_memo.h"
#include "instructions.h"
#include "opcodes.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

#ifdef CO_HAS_DOCSTRING  // since Python 3.14: co_consts[0] is a docstring
constexpr int kHasDocstringFlag = CO_HAS_DOCSTRING;
bool MayHaveDocstring(const PyCodeObject& code) { return (code.co_flags & kHasDocstringFlag) != 0; }
#else  // a function takes co_consts[0] for its docstring whenever that is a str
constexpr int kHasDocstringFlag = 0;
bool MayHaveDocstring(const PyCodeObject&) { return true; }
#endif

void EmitConstant(Tokens& tokens, py::handle constant, Docstrings docstrings);

const PyCodeObject* AsCode(py::handle code) { return reinterpret_cast<const PyCodeObject*>(code.ptr()); }

ByteView BytesOf(py::handle object) {
  return AsBytes({PyBytes_AS_STRING(object.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(object.ptr()))});
}

void EmitNames(Tokens& tokens, const char* what, py::handle names) {
  tokens.Begin(what, py::len(names));
  for (py::handle name : py::reinterpret_borrow<py::tuple>(names)) EmitStr(tokens, name);
}

void EmitVariables(Tokens& tokens, const char* what, const PyCodeObject& code, py::handle names) {
  tokens.Begin(what, py::len(names));
  for (py::handle name : py::reinterpret_borrow<py::tuple>(names)) EmitStr(tokens, LastingName(code, name.ptr()));
}

// Element digests in sorted order: iteration order depends on PYTHONHASHSEED and on how the set was built.
void EmitFrozenset(Tokens& tokens, py::handle set, Docstrings docstrings) {
  std::vector<Digest> elements;
  for (py::handle element : py::reinterpret_borrow<py::frozenset>(set)) {
    Tokens single;
    EmitConstant(single, element, docstrings);
    elements.push_back(single.Finish());
  }
  std::ranges::sort(elements);
  tokens.Begin("frozenset", elements.size());
  for (const Digest& element : elements) tokens.DigestOf(element);
}

void EmitSequence(Tokens& tokens, const char* type, py::handle items, Docstrings docstrings) {
  tokens.Begin(type, py::len(items));
  for (py::handle item : py::reinterpret_borrow<py::tuple>(items)) EmitConstant(tokens, item, docstrings);
}

bool StartsWith(PyObject* text, std::string_view beginning) {
  if (!PyUnicode_Check(text)) return false;
  Py_ssize_t size = 0;
  const char* const bytes = PyUnicode_AsUTF8AndSize(text, &size);
  if (bytes == nullptr) PyErr_Clear();
  return bytes != nullptr &&
         std::string_view(bytes, static_cast<std::size_t>(size)).substr(0, beginning.size()) == beginning;
}

void EmitContainer(Tokens& tokens, py::handle constant, Docstrings docstrings) {
  PyObject* const object = constant.ptr();
  if (PyTuple_CheckExact(object)) {
    EmitSequence(tokens, "tuple", constant, docstrings);
  } else if (PyFrozenSet_CheckExact(object)) {
    EmitFrozenset(tokens, constant, docstrings);
  } else if (PySlice_Check(object)) {  // since Python 3.14
    EmitSequence(tokens, "slice", py::make_tuple(constant.attr("start"), constant.attr("stop"), constant.attr("step")),
                 docstrings);
  } else if (PyCode_Check(object)) {
    tokens.Begin("code", 1);
    tokens.DigestOf(CodeDigest(constant, docstrings));
  } else {
    throw py::type_error(std::string("a code constant of type ") + Py_TYPE(object)->tp_name +
                         " cannot be digested; no Python compiler makes one");
  }
}

void EmitConstant(Tokens& tokens, py::handle constant, Docstrings docstrings) {
  if (EmitScalar(tokens, constant)) return;
  // Hand-made code may nest tuples deeper than the C++ stack is.
  if (Py_EnterRecursiveCall(" in jitserve._core.code_digest") != 0) throw py::error_already_set();
  struct Leave {
    ~Leave() { Py_LeaveRecursiveCall(); }
  } leave;
  EmitContainer(tokens, constant, docstrings);
}

// Whether `x in {1, 2}` is all that a piece of code does with one of its constants.
bool IsOnlyAskedFor(PyCodeObject* code, std::uint32_t index) {
  const OpcodeTable& opcodes = Opcodes();
  const std::vector<Instruction> instructions = InstructionsOf(code, opcodes);
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    const bool loads = opcodes.role[instructions[i].opcode] == Role::kLoadConst && instructions[i].argument == index;
    if (loads && (i + 1 == instructions.size() || instructions[i + 1].opcode != opcodes.contains_op)) return false;
  }
  return true;
}

// The methods that attrs generates hash a number first that it made of the name of the class, by a salted hash.
bool IsSalt(const PyCodeObject& code, py::handle constant) {
  return PyLong_CheckExact(constant.ptr()) && StartsWith(code.co_filename, "<attrs generated ") &&
         PyUnicode_CompareWithASCIIString(code.co_name, "__hash__") == 0;
}

// A set of numbers has the same order in every process, but `{0, 8}` another one than `{8, 0}`.
void EmitUsed(Tokens& tokens, PyCodeObject* code, std::uint32_t index, Docstrings docstrings) {
  const py::handle constant = PyTuple_GET_ITEM(code->co_consts, static_cast<Py_ssize_t>(index));
  if (IsSalt(*code, constant)) return tokens.Tag("salt");
  const bool is_ordered = PyFrozenSet_CheckExact(constant.ptr()) && IsOfNumbers(constant);
  if (!is_ordered || IsOnlyAskedFor(code, index)) return EmitConstant(tokens, constant, docstrings);
  EmitSequence(tokens, "frozenset in order", Owned(PySequence_Tuple(constant.ptr())), docstrings);
}

// Constants are numbered by their first use, so that adding a docstring (which takes index 0) changes nothing.
void EmitInstructions(Tokens& tokens, py::handle code, Docstrings docstrings) {
  const py::object bytecode = Owned(PyCode_GetCode(const_cast<PyCodeObject*>(AsCode(code))));
  const Instructions instructions = SplitConstants(BytesOf(bytecode));
  const auto consts = py::reinterpret_borrow<py::tuple>(AsCode(code)->co_consts);
  std::unordered_map<std::uint32_t, std::uint32_t> numbers;
  std::vector<std::uint32_t> used;
  std::string references;
  for (std::uint32_t index : instructions.const_indices) {
    if (index >= consts.size())
      throw py::value_error("an instruction refers to constant " + std::to_string(index) + " of " +
                            std::to_string(consts.size()));
    const auto [position, is_new] = numbers.try_emplace(index, static_cast<std::uint32_t>(used.size()));
    if (is_new) used.push_back(index);
    for (std::uint8_t byte : LittleEndian(position->second)) references.push_back(static_cast<char>(byte));
  }
  tokens.Bytes(AsBytes(instructions.code));
  tokens.Bytes(AsBytes(references));
  tokens.Begin("consts", used.size());
  for (std::uint32_t index : used) EmitUsed(tokens, const_cast<PyCodeObject*>(AsCode(code)), index, docstrings);
}

void EmitDocstring(Tokens& tokens, const PyCodeObject& code) {
  tokens.Tag("docstring");
  const bool has_one = MayHaveDocstring(code) && PyTuple_GET_SIZE(code.co_consts) > 0 &&
                       PyUnicode_CheckExact(PyTuple_GET_ITEM(code.co_consts, 0));
  if (has_one) {
    EmitStr(tokens, PyTuple_GET_ITEM(code.co_consts, 0));
  } else {
    tokens.None();
  }
}

Digest ComputeDigest(py::handle handle, Docstrings docstrings) {
  const PyCodeObject& code = *AsCode(handle);
  auto* const mutable_code = const_cast<PyCodeObject*>(&code);
  Tokens tokens;
  tokens.Tag("jitserve.code/1");
  EmitStr(tokens, code.co_name);
  EmitStr(tokens, code.co_qualname);
  tokens.Int(code.co_argcount);
  tokens.Int(code.co_posonlyargcount);
  tokens.Int(code.co_kwonlyargcount);
  tokens.Int(code.co_flags & ~kHasDocstringFlag);
  EmitNames(tokens, "names", code.co_names);
  EmitVariables(tokens, "varnames", code, Owned(PyCode_GetVarnames(mutable_code)));
  EmitVariables(tokens, "cellvars", code, Owned(PyCode_GetCellvars(mutable_code)));
  EmitVariables(tokens, "freevars", code, Owned(PyCode_GetFreevars(mutable_code)));
  tokens.Bytes(BytesOf(code.co_exceptiontable));
  EmitInstructions(tokens, handle, docstrings);
  if (docstrings == Docstrings::kKeep) EmitDocstring(tokens, code);
  return tokens.Finish();
}

using Memo = IdentityMemo<Digest>;

Memo& MemoFor(Docstrings docstrings) {
  static Memo* const kDrop = new Memo;
  static Memo* const kKeep = new Memo;
  return docstrings == Docstrings::kDrop ? *kDrop : *kKeep;
}

constexpr int kShape =
    CO_VARARGS | CO_VARKEYWORDS | CO_GENERATOR | CO_COROUTINE | CO_ITERABLE_COROUTINE | CO_ASYNC_GENERATOR;

Digest ComputeParametersDigest(const PyCodeObject& code) {
  const int starred = ((code.co_flags & CO_VARARGS) != 0 ? 1 : 0) + ((code.co_flags & CO_VARKEYWORDS) != 0 ? 1 : 0);
  const int shown = code.co_argcount + code.co_kwonlyargcount + starred;
  Tokens tokens;
  tokens.Begin("parameters", static_cast<std::uint64_t>(shown));
  for (const int count : {code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & kShape}) {
    tokens.Int(count);
  }
  EmitStr(tokens, code.co_name);
  EmitStr(tokens, code.co_qualname);
  for (int i = 0; i < shown; ++i) {  // they come first
    EmitStr(tokens, LastingName(code, PyTuple_GET_ITEM(code.co_localsplusnames, i)));
  }
  return tokens.Finish();
}

}  // namespace

py::object LastingName(const PyCodeObject& code, PyObject* name) {
  constexpr std::string_view kParameter = "__beartype_object_";
  if (!StartsWith(name, kParameter) || !StartsWith(code.co_filename, "<@beartype(")) {
    return py::reinterpret_borrow<py::object>(name);
  }
  return py::str(kParameter.data(), kParameter.size());
}

Digest CodeDigest(py::handle code, Docstrings docstrings) {
  if (!PyCode_Check(code.ptr())) {
    throw py::type_error(std::string("expected a code object, not ") + Py_TYPE(code.ptr())->tp_name);
  }
  if (const Digest* const known = MemoFor(docstrings).Find(code.ptr())) return *known;
  const Digest digest = ComputeDigest(code, docstrings);
  MemoFor(docstrings).Remember(code.ptr(), digest);
  return digest;
}

Digest ParametersDigest(PyObject* code) {
  static Memo* const kMemo = new Memo;
  if (const Digest* const known = kMemo->Find(code)) return *known;
  const Digest digest = ComputeParametersDigest(*AsCode(code));
  kMemo->Remember(code, digest);
  return digest;
}

}  // namespace jitserve
