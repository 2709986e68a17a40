#include "scalars.h"

#include <cmath>
#include <string_view>

namespace py = pybind11;

namespace jitserve {
namespace {

// Beyond 64 bits. Python does the conversion: the layout of its integers is its own business.
void EmitBigInt(Tokens& tokens, py::handle value) {
  const auto bits = value.attr("bit_length")().cast<std::size_t>();
  const py::bytes payload = value.attr("to_bytes")(bits / 8 + 1, "little", py::arg("signed") = true);
  tokens.BigInt(AsBytes(std::string_view(payload)));
}

}  // namespace

void EmitInt(Tokens& tokens, py::handle value) {
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0) return EmitBigInt(tokens, value);
  if (small == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  tokens.Int(small);
}

void EmitStr(Tokens& tokens, py::handle value) {
  Py_ssize_t size = 0;
  if (const char* utf8 = PyUnicode_AsUTF8AndSize(value.ptr(), &size)) {
    return tokens.Str({utf8, static_cast<std::size_t>(size)});
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) throw py::error_already_set();
  PyErr_Clear();  // it has lone surrogates
  const auto encoded =
      py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(value.ptr(), "utf-8", "surrogatepass"));
  if (!encoded) throw py::error_already_set();
  tokens.Str(std::string_view(encoded));
}

void EmitBytes(Tokens& tokens, py::handle value) {
  tokens.Bytes(AsBytes({PyBytes_AS_STRING(value.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(value.ptr()))}));
}

void EmitFloat(Tokens& tokens, py::handle value) { tokens.Float(PyFloat_AS_DOUBLE(value.ptr())); }

void EmitComplex(Tokens& tokens, py::handle value) {
  const Py_complex parts = PyComplex_AsCComplex(value.ptr());
  tokens.Complex(parts.real, parts.imag);
}

bool IsNan(PyObject* object) {
  if (PyFloat_CheckExact(object)) return std::isnan(PyFloat_AS_DOUBLE(object));
  if (!PyComplex_CheckExact(object)) return false;
  const Py_complex value = PyComplex_AsCComplex(object);
  return std::isnan(value.real) || std::isnan(value.imag);
}

bool IsOfNumbers(py::handle set) {
  for (py::handle item : py::reinterpret_borrow<py::frozenset>(set)) {
    PyObject* const object = item.ptr();
    const bool is_number = PyLong_CheckExact(object) || PyFloat_CheckExact(object) || PyComplex_CheckExact(object);
    if (!is_number && !PyBool_Check(object)) return false;
  }
  return true;
}

bool EmitScalar(Tokens& tokens, py::handle value) {
  PyObject* const object = value.ptr();
  if (object == Py_None) {
    tokens.None();
  } else if (object == Py_Ellipsis) {
    tokens.Ellipsis();
  } else if (PyBool_Check(object)) {  // bool has no subclasses
    tokens.Bool(object == Py_True);
  } else if (PyLong_CheckExact(object)) {
    EmitInt(tokens, value);
  } else if (PyFloat_CheckExact(object)) {
    EmitFloat(tokens, value);
  } else if (PyUnicode_CheckExact(object)) {
    EmitStr(tokens, value);
  } else if (PyBytes_CheckExact(object)) {
    EmitBytes(tokens, value);
  } else if (PyComplex_CheckExact(object)) {
    EmitComplex(tokens, value);
  } else {
    return false;
  }
  return true;
}

}  // namespace jitserve
