# jitserve_generate_python(<proto root> <package directory>): runs protoc over every <root>/<package>/*.proto at build
# time, and installs the result as a Python package. Nothing that it writes is ever committed.
function(jitserve_generate_python root package)
  file(GLOB protos CONFIGURE_DEPENDS "${root}/${package}/*.proto")
  if(NOT protos)
    return()
  endif()
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import grpc_tools.protoc"
    RESULT_VARIABLE missing OUTPUT_QUIET ERROR_QUIET)
  if(missing)
    message(FATAL_ERROR "jitserve: ${Python_EXECUTABLE} has no grpcio-tools, which brings the protobuf compiler. "
                        "Install it (pip install grpcio-tools), or build with pip's build isolation on.")
  endif()

  set(out "${CMAKE_CURRENT_BINARY_DIR}/python")
  file(MAKE_DIRECTORY "${out}/${package}")
  file(CONFIGURE OUTPUT "${out}/${package}/__init__.py"
       CONTENT "\"\"\"Generated from ${package}/*.proto when jitserve was built.\"\"\"\n" @ONLY)
  set(generated "${out}/${package}/__init__.py")
  foreach(proto IN LISTS protos)
    cmake_path(GET proto STEM stem)
    set(base "${out}/${package}/${stem}")
    set(outputs "${base}_pb2.py" "${base}_pb2.pyi")
    set(grpc_option "")
    file(STRINGS "${proto}" services REGEX "^service ")
    if(services) # a message-only file must not import grpc
      list(APPEND outputs "${base}_pb2_grpc.py")
      set(grpc_option "--grpc_python_out=${out}")
    endif()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND "${Python_EXECUTABLE}" -m grpc_tools.protoc "-I${root}" "--python_out=${out}" "--pyi_out=${out}"
              ${grpc_option} "${package}/${stem}.proto"
      DEPENDS ${protos} # they import each other
      WORKING_DIRECTORY "${root}"
      COMMENT "protoc ${package}/${stem}.proto"
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_custom_target(jitserve_python_proto ALL DEPENDS ${generated})
  if(SKBUILD_STATE STREQUAL "editable")
    # The rest of the package is elsewhere then, and without the marker type checkers would not look at these files.
    install(FILES "${PROJECT_SOURCE_DIR}/src/jitserve/py.typed" DESTINATION jitserve)
  endif()
  install(FILES ${generated} DESTINATION "${package}")
endfunction()
