#include "bind.h"
#include "errors.h"

// The table of contents of jitserve._core: one bind_<noun>.cpp per topic. The stub src/jitserve/_core.pyi mirrors it.
PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ core of jitserve: digests, the canonical token stream, records, the blob store.";
  module.attr("__version__") = JITSERVE_VERSION;
  jitserve::BindErrors(module);
  jitserve::BindDigest(module);
  jitserve::BindFiles(module);
  jitserve::BindTokens(module);
  jitserve::BindCode(module);
  jitserve::BindStore(module);
  jitserve::BindRecord(module);
  jitserve::BindProfile(module);
  jitserve::BindStack(module);
  jitserve::BindCensus(module);
  jitserve::BindIntercept(module);
  jitserve::BindTexts(module);
  jitserve::BindLookups(module);
  jitserve::BindSets(module);
  jitserve::BindWalker(module);
  jitserve::BindOrigins(module);
  jitserve::BindTrees(module);
  jitserve::BindLeaves(module);
  jitserve::BindStarts(module);
  jitserve::BindValues(module);
}
