#include <string>

#include "bind.h"
#include "buffer.h"
#include "core/tokens.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

using Emitter = void (*)(Tokens&, py::handle);

// A method that takes exactly one type: a near miss (True for an int) would be a wrong key, so it is a TypeError.
template <Emitter emit>
auto Typed(PyTypeObject& type) {
  return [&type](Tokens& tokens, py::handle value) {
    if (Py_TYPE(value.ptr()) != &type) {
      throw py::type_error(std::string("expected exactly ") + type.tp_name + ", not " + Py_TYPE(value.ptr())->tp_name);
    }
    emit(tokens, value);
  };
}

void EmitBool(Tokens& tokens, py::handle value) { tokens.Bool(value.ptr() == Py_True); }

void EmitDigest(Tokens& tokens, py::handle value) {
  const BufferView view(value);
  tokens.DigestOf(DigestFrom(view.bytes()));
}

// Text may end in the middle of a character, or hold surrogates: it is for people, so replace what cannot be decoded.
py::str TextOf(const Tokens& tokens) {
  if (!tokens.capturing()) throw py::value_error("this Tokens does not capture; make it with Tokens(capture=True)");
  const std::string& text = tokens.Text();
  auto decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

}  // namespace

void BindTokens(py::module_& module) {
  const auto value = py::arg("value");
  py::class_<Tokens>(module, "Tokens", py::is_final(),
                     "The canonical token stream. Exact types only. One thread at a time may use it.")
      .def(py::init<bool>(), py::kw_only(), py::arg("capture") = false)
      .def("none", &Tokens::None)
      .def("ellipsis", &Tokens::Ellipsis)
      .def("bool_", Typed<&EmitBool>(PyBool_Type), value, py::pos_only())
      .def("int_", Typed<&EmitInt>(PyLong_Type), value, py::pos_only())
      .def("float_", Typed<&EmitFloat>(PyFloat_Type), value, py::pos_only())
      .def("complex_", Typed<&EmitComplex>(PyComplex_Type), value, py::pos_only())
      .def("str_", Typed<&EmitStr>(PyUnicode_Type), value, py::pos_only())
      .def("bytes_", Typed<&EmitBytes>(PyBytes_Type), value, py::pos_only())
      .def(
          "each_bytes",
          [](Tokens& tokens, const py::list& values) {
            for (py::handle value : values) Typed<&EmitBytes>(PyBytes_Type)(tokens, value);
          },
          py::arg("values"), py::pos_only(), "`bytes_` for one after the other.")
      .def("digest_", &EmitDigest, value, py::pos_only(), "A digest made elsewhere: exactly 32 bytes.")
      .def("tag", &Tokens::Tag, py::arg("name"), py::pos_only(), "A structural marker.")
      .def("scalar", &EmitScalar, value, py::pos_only(),
           "Emits a token and returns True if the exact type is a scalar; else emits nothing and returns False.")
      .def("begin", &Tokens::Begin, py::arg("tag"), py::arg("n"), py::pos_only(),
           "The head of a container: its name and the number of children that follow.")
      .def(
          "finish", [](const Tokens& tokens) { return ToPython(tokens.Finish()); },
          "The digest of everything so far: 32 bytes.")
      .def("text", &TextOf, "One readable line a token; ValueError unless made with capture=True.");
}

}  // namespace jitserve
