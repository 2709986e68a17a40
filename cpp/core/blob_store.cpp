#include "core/blob_store.h"

#include <algorithm>

#include "core/atomic_file.h"

namespace jitserve {
namespace {

Status WrongSize(const std::string& path, std::uint64_t size, std::uint64_t expected) {
  return Status::Corruption(path, "blob of " + std::to_string(size) + " bytes, expected " + std::to_string(expected));
}

}  // namespace

Result<BlobName> BlobStore::Put(ByteView data) const {
  const BlobName name{Sha256(data), data.size()};
  const std::string path = Path(name);
  const std::string scratch = root_ + "/tmp";
  if (Holds(path, data)) {
    // Its writer may be another process, just now between rename and sync: our promise must not hang on its luck.
    if (Status status = SyncNames(env_, path); !status.ok()) return status;
    return name;
  }
  if (Status status = MakeDirectories(env_, ParentDirectory(path)); !status.ok()) return status;
  if (Status status = MakeDirectories(env_, scratch); !status.ok()) return status;
  if (Status status = WriteFileAtomically(env_, scratch, path, {data}); !status.ok()) return status;
  return name;
}

Result<FileView> BlobStore::Open(const BlobName& name) const {
  const std::string path = Path(name);
  // First: to map a file reads all of it, and somebody may have made it huge.
  const auto found = env_.FileSize(path);
  if (!found.ok()) return found.status();
  if (found.value() != name.size) return WrongSize(path, found.value(), name.size);
  auto view = env_.Map(path);
  if (!view.ok()) return view;
  const std::size_t size = view.value().bytes.size();
  if (size != name.size) return WrongSize(path, size, name.size);
  if (Sha256(view.value().bytes) != name.digest) return Status::Corruption(path, "digest mismatch");
  return view;
}

Result<bool> BlobStore::Has(const BlobName& name) const {
  auto size = env_.FileSize(Path(name));
  if (size.ok()) return size.value() == name.size;
  const StatusKind kind = size.status().kind();
  if (kind == StatusKind::kNotFound || kind == StatusKind::kCorruption) return false;
  return size.status();
}

Result<bool> BlobStore::Remove(const BlobName& name) const {
  Status status = env_.Remove(Path(name));
  if (status.ok()) return true;
  if (status.kind() == StatusKind::kNotFound) return false;
  return status;
}

std::string BlobStore::Path(const BlobName& name) const {
  const std::string hex = name.digest.Hex();
  return root_ + "/blobs/" + hex.substr(0, 2) + "/" + hex + "-" + std::to_string(name.size);
}

// Comparing is several times cheaper than the digest that Put() needs anyway, and finds what a size check would not.
bool BlobStore::Holds(const std::string& path, ByteView data) const {
  const auto size = env_.FileSize(path);
  if (!size.ok() || size.value() != data.size()) return false;
  const auto view = env_.Map(path);
  return view.ok() && std::ranges::equal(view.value().bytes, data);
}

}  // namespace jitserve
