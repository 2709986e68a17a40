#include "code_parts.h"
#include "encoders.h"
#include "identity_memo.h"
#include "raw.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

Digest ComputeDigest(py::handle annotation, const Hooks& hooks) {
  Tokens tokens;
  hooks.emit_annotation(py::cast(&tokens, py::return_value_policy::reference), annotation);
  return tokens.Finish();
}

Digest AnnotationDigest(PyObject* annotation, const Hooks& hooks) {
  static auto* const kMemo = new IdentityMemo<Digest>;
  const bool is_fixed = hooks.fixed_annotations.count(reinterpret_cast<PyObject*>(Py_TYPE(annotation))) != 0;
  if (!is_fixed) return ComputeDigest(annotation, hooks);
  if (const Digest* const known = kMemo->Find(annotation)) return *known;
  const Digest digest = ComputeDigest(annotation, hooks);
  kMemo->Remember(annotation, digest);
  return digest;
}

}  // namespace

void EmitAnnotation(Walker& walker, const py::object& annotation) {
  Tokens& tokens = walker.tokens();
  if (EmitScalar(tokens, annotation)) return;
  if (PyType_Check(annotation.ptr())) {
    tokens.Begin("annotation class", 2);
    EmitStr(tokens, ModuleNameOf(reinterpret_cast<PyTypeObject*>(annotation.ptr())));
    EmitStr(tokens, QualnameOf(reinterpret_cast<PyTypeObject*>(annotation.ptr())));
  } else {
    tokens.DigestOf(AnnotationDigest(annotation.ptr(), walker.hooks()));
  }
}

void EmitAnnotations(Walker& walker, const py::object& annotations) {
  // The interpreter makes an empty dictionary when somebody asks a class that has none.
  if (!PyDict_CheckExact(annotations.ptr()) || PyDict_GET_SIZE(annotations.ptr()) == 0) return walker.tokens().None();
  const py::list items = Owned(PyDict_Items(annotations.ptr()));  // asking Python could change the dictionary
  walker.tokens().Begin("annotations", items.size());
  for (py::handle item : items) {
    if (!EmitScalar(walker.tokens(), PyTuple_GET_ITEM(item.ptr(), 0))) walker.tokens().None();
    EmitAnnotation(walker, Borrowed(PyTuple_GET_ITEM(item.ptr(), 1)));
  }
}

}  // namespace jitserve
