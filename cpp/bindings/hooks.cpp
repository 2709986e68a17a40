#include "hooks.h"

#include <pybind11/gil_safe_call_once.h>

#include <utility>

#include "encoders.h"

namespace py = pybind11;

namespace jitserve {

Hooks::Hooks(const py::module_& hooks)
    : origins(hooks.attr("origin")),
      encoder_of(hooks.attr("encoder_of")),
      too_large(hooks.attr("too_large")),
      names_of(hooks.attr("names_of")),
      meet_user_code(hooks.attr("meet_user_code")),
      bindings(hooks.attr("bindings")),
      inner_imports(hooks.attr("inner_imports")),
      is_pruned(hooks.attr("is_pruned")),
      is_read_by_keys(hooks.attr("is_read_by_keys")),
      load_lazily(hooks.attr("load_lazily")),
      check_opaque(hooks.attr("check_opaque")),
      emit_annotation(hooks.attr("emit_annotation")),
      registered(hooks.attr("registered")),
      registered_as(hooks.attr("registered_as")),
      class_data(hooks.attr("class_data")),
      shape_of(hooks.attr("shape_of")),
      told_signature(hooks.attr("told_signature")),
      encode_instance(hooks.attr("encode_instance")),
      encode_builtin(hooks.attr("encode_builtin")),
      encode_modules(hooks.attr("encode_modules")),
      single_dispatch(hooks.attr("SINGLE_DISPATCH")),
      builtin(hooks.attr("BUILTIN")),
      unresolved(hooks.attr("UNRESOLVED")),
      missing(hooks.attr("MISSING")),
      unset(hooks.attr("UNSET")),
      no_default(hooks.attr("NO_DEFAULT")),
      special_names(hooks.attr("SPECIAL_NAMES")),
      generated(hooks.attr("GENERATED")),
      generated_files(hooks.attr("GENERATED_FILES")),
      descriptive(hooks.attr("DESCRIPTIVE")),
      signatures(hooks.attr("SIGNATURES")),
      hidden(hooks.attr("HIDDEN")),
      hidden_in_libraries(hooks.attr("HIDDEN_IN_LIBRARIES")),
      compiled(hooks.attr("COMPILED")),
      is_compiled(hooks.attr("is_compiled")) {
  const auto core = py::module_::import("jitserve._core");
  for (const auto& [name, encode] : NativeEncoders()) native.emplace(core.attr(name).ptr(), encode);
  for (py::handle kind : hooks.attr("FIXED_ANNOTATIONS")) fixed_annotations.insert(kind.inc_ref().ptr());
  for (py::handle encoder : hooks.attr("NUMBERS_FIRST")) numbers_first.insert(encoder.ptr());
}

py::object Hooks::ToldSignature(const py::object& walker, PyObject* name, PyObject* value) const {
  const int found = PyUnicode_CheckExact(name) ? PySet_Contains(signatures.ptr(), name) : 0;
  if (found < 0) throw py::error_already_set();
  return found == 1 ? told_signature(walker, py::reinterpret_borrow<py::object>(value)) : py::none();
}

py::object Hooks::NamesOf(const py::object& code) {
  if (const py::object* const known = names.Find(code.ptr())) return *known;
  const py::object found = names_of(code);
  names.Remember(code.ptr(), found);
  return found;
}

// Not a plain static: the import can let go of the GIL (see opcodes.cpp).
Hooks& HooksOfWalks() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Hooks> storage;
  return storage.call_once_and_store_result([] { return Hooks(py::module_::import("jitserve.fingerprint._hooks")); })
      .get_stored();
}

}  // namespace jitserve
