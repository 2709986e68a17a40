#include <array>

#include "bind.h"
#include "code_parts.h"
#include "encoders.h"
#include "raw.h"
#include "walker.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr std::array<std::pair<const char*, Encode>, 14> kEncoders = {{
    {"encode_list", &EncodeList},
    {"encode_tuple", &EncodeTuple},
    {"encode_dict", &EncodeDict},
    {"encode_mapping_proxy", &EncodeMappingProxy},
    {"encode_cell", &EncodeCell},
    {"encode_method", &EncodeMethod},
    {"encode_wrapper", &EncodeWrapper},
    {"encode_property", &EncodeProperty},
    {"encode_marker", &EncodeMarker},
    {"encode_field", &EncodeField},
    {"encode_instance", &EncodeInstance},
    {"encode_builtin", &EncodeBuiltin},
    {"encode_function", &EncodeFunction},
    {"encode_class", &EncodeClass},
}};

void DefineEncoder(py::module_& module, const char* name, Encode encode) {
  module.def(
      name,
      [encode](Walker& walker, py::object value, py::object path, bool trusted) {
        encode(walker, {.value = std::move(value), .path = std::move(path), .key = {}, .trusted = trusted});
      },
      py::arg("walker"), py::arg("value"), py::arg("path").none(true), py::arg("trusted"), py::pos_only());
}

}  // namespace

std::span<const std::pair<const char*, Encode>> NativeEncoders() { return kEncoders; }

void BindWalker(py::module_& module) {
  py::class_<Walker>(module, "Walker", "The loop of a walk, and the numbers of what it has visited.")
      .def(py::init<py::object, std::uint64_t, bool, py::object>(), py::arg("tokens"), py::arg("nodes"), py::kw_only(),
           py::arg("anonymous") = false, py::arg("footprint") = py::none())
      .def_property("tokens", &Walker::tokens_object, &Walker::set_tokens)
      .def_property_readonly("footprint", &Walker::footprint)
      .def_readwrite("hides_defaults", &Walker::hides_defaults)
      .def_readwrite("stopped_at", &Walker::stopped_at)
      .def_readonly("objects", &Walker::objects)
      .def_readonly("paths", &Walker::paths)
      .def_readonly("codes", &Walker::codes)
      .def_readonly("nested", &Walker::nested)
      .def_readonly("classes", &Walker::classes)
      .def_readonly("field_types", &Walker::field_types)
      .def(
          "number",
          [](Walker& walker, py::handle object, const py::object& path) { return walker.Number(object.ptr(), path); },
          py::arg("obj"), py::arg("path"), py::pos_only(),
          "False: the object has been visited before, and a reference has been emitted.")
      .def(
          "number_once",
          [](Walker& walker, py::handle object, const py::object& path) {
            return walker.NumberOnce(object.ptr(), path);
          },
          py::arg("obj"), py::arg("path"), py::pos_only(),
          "The same for what is encoded alike, whether code of the user or of a library leads to it.")
      .def(
          "knows", [](const Walker& walker, py::handle object) { return walker.Knows(object.ptr()); }, py::arg("obj"),
          py::pos_only(), "Whether `number` would emit a reference.")
      .def(
          "has_met", [](const Walker& walker, py::handle object) { return walker.HasMet(object.ptr()); },
          py::arg("obj"), py::pos_only(), "Whether it was visited, or holds the attributes of an object that was.")
      .def(
          "index_of",
          [](const Walker& walker, py::handle object) -> py::object {
            const Py_ssize_t index = walker.IndexOf(object.ptr());
            return index < 0 ? py::object(py::none()) : py::int_(index);
          },
          py::arg("obj"), py::pos_only(), "The number of this very object, or None.")
      .def(
          "share",
          [](Walker& walker, py::handle dict, py::handle owner) { return walker.Share(dict.ptr(), owner.ptr()); },
          py::arg("attributes"), py::arg("owner"), py::pos_only(),
          "Notes whose attributes a dictionary holds. False: it has been met before, and a reference has been emitted.")
      .def(
          "share_in_part",
          [](Walker& walker, py::handle dict, py::handle owner) { walker.ShareInPart(dict.ptr(), owner.ptr()); },
          py::arg("attributes"), py::arg("owner"), py::pos_only(),
          "The same for a dictionary of which not everything is visited as attributes.")
      .def(
          "leave_out_of", [](Walker& walker, py::handle dict) { walker.LeaveOutOf(dict.ptr()); }, py::arg("attributes"),
          py::pos_only(), "Notes that not everything in a shared dictionary is visited.")
      .def(
          "emit_earlier", [](Walker& walker, py::handle object) { walker.EmitEarlier(object.ptr()); }, py::arg("obj"),
          py::pos_only(), "Emits which object it is, of those that were met.")
      .def(
          "cover",
          [](Walker& walker, py::handle code, const py::list& codes, const py::object& path) {
            walker.Cover(code.ptr(), codes.ptr(), path);
          },
          py::arg("code"), py::arg("codes"), py::arg("path"), py::pos_only(),
          "Notes the code of a walked function, and the code nested in it.")
      .def(
          "emit_annotations",
          [](Walker& walker, const py::object& annotations) { EmitAnnotations(walker, annotations); },
          py::arg("annotations"), py::pos_only(), "Emits a dictionary of annotations, by name only.")
      .def(
          "is_opaque_module",
          [](Walker& walker, py::handle name) {
            return PyUnicode_CheckExact(name.ptr()) && walker.hooks().origins.OfModule(name.ptr()) == Origin::kOpaque;
          },
          py::arg("name"), py::pos_only(), "`_origin.of_module(name) is Origin.OPAQUE`.")
      .def(
          "is_opaque_class",
          [](Walker& walker, const py::type& cls) {
            return walker.hooks().origins.OfClass(reinterpret_cast<PyTypeObject*>(cls.ptr())) == Origin::kOpaque;
          },
          py::arg("cls"), py::pos_only(), "`_origin.of_class(cls) is Origin.OPAQUE`.")
      .def(
          "is_at_home",
          [](Walker& walker, py::handle object, py::handle module, py::handle qualname) {
            return walker.hooks().origins.IsAtHome(object.ptr(), module.ptr(), qualname.ptr());
          },
          py::arg("obj"), py::arg("module"), py::arg("qualname"), py::pos_only(), "`_origin.is_at_home`.")
      .def(
          "emit_annotation", [](Walker& walker, const py::object& annotation) { EmitAnnotation(walker, annotation); },
          py::arg("annotation"), py::pos_only(), "Emits one annotation, by name only.")
      .def("hide_default", &Walker::HideDefault, py::arg("field"), py::pos_only(),
           "Leaves out the default of a field of a dataclass.")
      .def("hide_defaults", &Walker::HideDefaults, py::arg("function"), py::arg("parameters"), py::pos_only(),
           "Leaves out the defaults that a function has for these parameters.")
      .def("push", &Walker::PushAll, py::arg("children"), py::pos_only(),
           "Adds children, to be visited in this order before anything that is waiting.")
      .def("pop", &Walker::Pop, "What is visited next, or None.")
      .def("run", &Walker::Run, "Visits everything that is waiting, and what that leads to.");
  module.def(
      "hides_state", [](const py::type& cls) { return HidesState(reinterpret_cast<PyTypeObject*>(cls.ptr())); },
      py::arg("cls"), py::pos_only(), "Whether instances hold bytes that neither slots nor `__dict__` show.");
  module.def(
      "add_abstract_classes_from",
      [](const py::type& cls, const py::dict& found, const py::dict& known, const py::object& look_at) {
        for (py::handle kind : AbstractClassesFrom(reinterpret_cast<PyTypeObject*>(cls.ptr()))) {
          const py::object id = Owned(PyLong_FromVoidPtr(kind.ptr()));
          py::object told = Borrowed(Lookup(known.ptr(), id.ptr()));
          if (!told) {
            told = py::make_tuple(kind, look_at(kind));
            known[id] = told;
          }
          if (PyDict_SetDefault(found.ptr(), id.ptr(), told.ptr()) == nullptr) throw py::error_already_set();
        }
      },
      py::arg("cls"), py::arg("found"), py::arg("known"), py::arg("look_at"), py::pos_only(),
      "Adds a class and the abstract base classes that are made from it, each with what there is to tell of it.");
  module.def(
      "attributes_descriptor",
      [](const py::type& cls) { return AttributesDescriptor(reinterpret_cast<PyTypeObject*>(cls.ptr())); },
      py::arg("cls"), py::pos_only(),
      "What reads `__dict__` of instances; True where they have one that nothing reads, None where they have none.");
  module.def(
      "class_version", [](const py::type& cls) { return VersionOf(reinterpret_cast<PyTypeObject*>(cls.ptr())); },
      py::arg("cls"), py::pos_only(), "A number that is new whenever a class or a base of it has changed; 0 for none.");
  module.def(
      "present_class_version",
      [](const py::type& cls) { return PresentVersionOf(reinterpret_cast<PyTypeObject*>(cls.ptr())); }, py::arg("cls"),
      py::pos_only(), "The same; 0 also where the class has changed since it was last used, or was never used.");
  module.def(
      "slot_descriptors",
      [](const py::type& cls) { return SlotDescriptors(reinterpret_cast<PyTypeObject*>(cls.ptr())); }, py::arg("cls"),
      py::pos_only(), "Names of the slots of a class and what reads them, base classes last.");
  module.def(
      "attributes_of",
      [](const py::object& obj) {
        const py::object dict = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(obj.ptr(), nullptr));
        if (!dict) throw py::error_already_set();
        return dict;
      },
      py::arg("obj"), py::pos_only(),
      "The dictionary of an instance's attributes, whatever its class calls `__dict__`.");
  for (const auto& [name, encode] : kEncoders) DefineEncoder(module, name, encode);
}

}  // namespace jitserve
