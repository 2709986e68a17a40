#include "walker.h"

#include <algorithm>
#include <utility>

#include "code_parts.h"
#include "raw.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr std::uint64_t kNodesBetweenSignals = 4096;

}  // namespace

const Steps& StepsOfPaths() {
  static const Steps* const kSteps = new Steps{
      .attribute = Interned(".{}"),
      .item = Interned("[{!r}]"),
      .cell = Interned(".__closure__[{!r}]"),
      .global = Interned(".__globals__[{!r}]"),
      .default_value = Interned(".__defaults__[{!r}]"),
      .keyword_default = Interned(".__kwdefaults__[{!r}]"),
      .key = Interned(".key[{}]"),
  };
  return *kSteps;
}

py::object Child::Path() const {
  if (step == nullptr) return path;
  const py::object last = key ? key : Owned(PyLong_FromSsize_t(index));
  return Owned(PyTuple_Pack(3, path.ptr(), step, last.ptr()));
}

Walker::Walker(py::object tokens, std::uint64_t limit, bool anonymous, py::object footprint)
    : limit_(limit), anonymous_(anonymous), footprint_(std::move(footprint)), hooks_(&HooksOfWalks()) {
  set_tokens(std::move(tokens));
}

void Walker::set_tokens(py::object tokens) {
  tokens_ = &tokens.cast<Tokens&>();
  tokens_object_ = std::move(tokens);
}

bool Walker::Knows(PyObject* object) const {
  const auto found = numbers_.find(object);
  if (found != numbers_.end()) return IsEnough(found->second);
  const auto owner = owners_.find(object);
  return owner != owners_.end() && IsEnough(owner->second);
}

bool Walker::IsNewToUser(PyObject* object) const {
  const auto found = numbers_.find(object);
  return found != numbers_.end() && !IsEnough(found->second);
}

void Walker::EmitNumber(const char* tag, const Met& met) {
  tokens_->Begin(tag, 0);
  if (!anonymous_) tokens_->Int(met.index);
}

bool Walker::EmitReference(PyObject* object) {
  const auto found = numbers_.find(object);
  if (found != numbers_.end()) {
    if (!IsEnough(found->second)) return false;
    EmitNumber("ref", found->second);
    return true;
  }
  const auto owner = owners_.find(object);
  if (owner == owners_.end() || !IsEnough(owner->second)) return false;
  EmitNumber("attributes of", owner->second);
  return true;
}

// That it is the very object that libraries have led to, before it is visited anew.
void Walker::EmitEarlier(PyObject* object) {
  if (const auto found = numbers_.find(object); found != numbers_.end()) EmitNumber("again", found->second);
  if (const auto owner = owners_.find(object); owner != owners_.end()) EmitNumber("again attributes of", owner->second);
}

bool Walker::Share(PyObject* dict, PyObject* owner) {
  if (EmitReference(dict)) return false;
  Own(dict, {.index = IndexOf(owner), .by_user = !trusted_, .owner = owner});
  return true;
}

void Walker::Own(PyObject* dict, Met met) {
  // An object that is visited anew says so itself, and whether it has made an empty dictionary meanwhile is nothing.
  const auto found = owners_.find(dict);
  if (found == owners_.end() || found->second.owner != met.owner) EmitEarlier(dict);
  kept_.push_back(Borrowed(dict));
  owners_[dict] = met;
}

void Walker::ShareInPart(PyObject* dict, PyObject* owner) {
  Own(dict, {.index = IndexOf(owner), .by_user = !trusted_, .in_part = true, .owner = owner});
}

void Walker::LeaveOutOf(PyObject* dict) {
  if (const auto found = owners_.find(dict); found != owners_.end()) found->second.in_part = true;
}

Py_ssize_t Walker::CellNumber(PyObject* cell) {
  return anonymous_ ? -1 : cells_.try_emplace(cell, static_cast<Py_ssize_t>(cells_.size())).first->second;
}

void Walker::Meet(PyObject* object, const py::object& path) {
  EmitEarlier(object);
  numbers_[object] = {static_cast<Py_ssize_t>(objects.size()), !trusted_};
  objects.append(py::handle(object));
  paths.append(path);
}

bool Walker::Number(PyObject* object, const py::object& path) {
  if (EmitReference(object)) return false;
  Meet(object, path);
  return true;
}

bool Walker::Number(const Child& child) {
  if (EmitReference(child.value.ptr())) return false;
  Meet(child.value.ptr(), child.Path());
  return true;
}

bool Walker::NumberOnce(PyObject* object, const py::object& path) {
  const auto found = numbers_.find(object);
  if (found != numbers_.end()) {
    EmitNumber("ref", found->second);
    return false;
  }
  return Number(object, path);
}

Py_ssize_t Walker::IndexOf(PyObject* object) const {
  const auto found = numbers_.find(object);
  return found == numbers_.end() ? -1 : found->second.index;
}

bool Walker::HidesDefault(PyObject* function, const py::object& parameter) const {
  const auto found = hidden_.find(function);
  return found != hidden_.end() && found->second.parameters.contains(parameter);
}

void Walker::Cover(PyObject* code, PyObject* nested_codes, const py::object& path) {
  const auto add = [](const py::dict& known, PyObject* inner, PyObject* other) {
    const py::object id = Owned(PyLong_FromVoidPtr(inner));
    if (Lookup(known.ptr(), id.ptr()) == nullptr) known[id] = py::make_tuple(py::handle(inner), py::handle(other));
  };
  add(codes, code, path.ptr());
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(nested_codes); ++i) {
    PyObject* const around = PyList_GET_ITEM(nested_codes, i);
    PyObject* const constants = reinterpret_cast<PyCodeObject*>(around)->co_consts;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(constants); ++k) {
      PyObject* const inner = PyTuple_GET_ITEM(constants, k);
      if (PyCode_Check(inner)) add(nested, inner, around);
    }
  }
}

void Walker::Push(std::vector<Child>&& children) {
  stack_.insert(stack_.end(), std::move_iterator(children.rbegin()), std::move_iterator(children.rend()));
}

void AppendAll(const py::list& items, std::vector<Child>& children) {
  for (py::handle item : items) {
    if (!PyTuple_CheckExact(item.ptr()) || PyTuple_GET_SIZE(item.ptr()) != 3) {
      throw py::type_error("a child is (value, path, trusted)");
    }
    const auto part = [&item](Py_ssize_t i) { return Borrowed(PyTuple_GET_ITEM(item.ptr(), i)); };
    children.push_back({.value = part(0), .path = part(1), .key = {}, .trusted = part(2).is(py::handle(Py_True))});
  }
}

void Walker::PushAll(const py::list& children) {
  std::vector<Child> parts;
  parts.reserve(children.size());
  AppendAll(children, parts);
  Push(std::move(parts));
}

py::object Walker::Pop() {
  if (stack_.empty()) return py::none();
  const Child child = Take();
  return py::make_tuple(child.value, child.Path(), child.trusted);
}

Child Walker::Take() {
  Child child = std::move(stack_.back());
  stack_.pop_back();
  PyTypeObject* const type = Py_TYPE(child.value.ptr());
  if (child.trusted && IsHeapType(type) && EncoderOf(type).is_users) child.trusted = false;
  trusted_ = child.trusted;
  return child;
}

void Walker::Run() {
  std::uint64_t visited = 0;
  while (!stack_.empty()) {
    const Child child = Take();
    if (IsNan(child.value.ptr()) && !Number(child)) continue;
    if (EmitScalar(*tokens_, child.value)) continue;
    try {
      Visit(child);
      if (++visited > limit_) hooks_->too_large(child.Path(), limit_);
    } catch (...) {
      stopped_at = child.Path();
      throw;
    }
    if (visited % kNodesBetweenSignals == 0 && PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
}

void Walker::Visit(const Child& child) {
  const Encoder encoder = EncoderOf(Py_TYPE(child.value.ptr()));
  if (encoder.native != nullptr) return encoder.native(*this, child);
  if (encoder.numbers_first && EmitReference(child.value.ptr())) return;
  encoder.python(self(), child.value, child.Path(), child.trusted);
}

const PlainShape& Walker::PlainShapeOf(PyTypeObject* type) {
  if (const auto found = shapes_.find(type); found != shapes_.end()) return found->second;
  PlainShape shape;
  shape.cls = Borrowed(reinterpret_cast<PyObject*>(type));
  const py::object known = hooks_->shape_of(self(), shape.cls, true);
  shape.attributes = known.attr("namespace");
  PyTypeObject* const reader = Py_TYPE(shape.attributes.ptr());
  const bool is_readable = shape.attributes.is_none() || reader == &PyGetSetDescr_Type || reader == &PyMemberDescr_Type;
  shape.is_plain = is_readable && known.attr("is_plain").cast<bool>();
  shape.is_opaque = known.attr("is_opaque").cast<bool>();
  for (py::handle slot : py::tuple(known.attr("slots"))) {
    shape.slots.emplace_back(Borrowed(PyTuple_GET_ITEM(slot.ptr(), 0)), Borrowed(PyTuple_GET_ITEM(slot.ptr(), 1)));
  }
  return shapes_.emplace(type, std::move(shape)).first->second;
}

const Walker::Encoder& Walker::EncoderOf(PyTypeObject* type) {
  if (const auto found = encoders_.find(type); found != encoders_.end()) return found->second;
  Encoder encoder;
  encoder.type = Borrowed(reinterpret_cast<PyObject*>(type));
  encoder.python = hooks_->encoder_of(encoder.type);
  if (const auto native = hooks_->native.find(encoder.python.ptr()); native != hooks_->native.end()) {
    encoder.native = native->second;
  }
  encoder.numbers_first = hooks_->numbers_first.contains(encoder.python.ptr());
  encoder.is_users = IsHeapType(type) && hooks_->origins.OfClass(type) == Origin::kUser;
  return encoders_.emplace(type, std::move(encoder)).first->second;
}

}  // namespace jitserve
