// Immutable bytes, addressed by digest and size. The files are the truth; there is no index.
//
//   ROOT/blobs/<first two digits>/<64 hex digits>-<size>    mode 0600, directories 0700
//   ROOT/tmp/.tmp-*                                          files that are being written, or that a killed process
//   left
//
// Safe for any number of threads and processes at once, without locks: a name is bound to its content, files appear by
// rename only, and whoever has a blob open keeps the inode that was verified.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/env.h"

namespace jitserve {

struct BlobName {
  Digest digest;
  std::uint64_t size = 0;
};

class BlobStore {
 public:
  // Touches no file: a store may be read-only, or not exist until something is put into it.
  BlobStore(Env& env, std::string root) : env_(env), root_(std::move(root)) {}

  // When it returns ok, the blob survives a power cut. A blob that is there already is compared and not written again;
  // if it is not what its name says, it is replaced.
  Result<BlobName> Put(ByteView data) const;
  // kNotFound; or kCorruption if size or digest are wrong: no byte of a bad blob is ever returned.
  Result<FileView> Open(const BlobName& name) const;
  // Looks at the size only, so that it is cheap; Open() is what verifies.
  Result<bool> Has(const BlobName& name) const;
  // False if it was not there.
  Result<bool> Remove(const BlobName& name) const;

  std::string Path(const BlobName& name) const;
  const std::string& root() const { return root_; }

 private:
  bool Holds(const std::string& path, ByteView data) const;

  Env& env_;
  const std::string root_;
};

}  // namespace jitserve
