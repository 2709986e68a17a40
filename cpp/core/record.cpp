#include "core/record.h"

#include <algorithm>

#include "core/atomic_file.h"
#include "core/little_endian.h"

namespace jitserve {
namespace {

constexpr std::string_view kMagic = "JSRV";
constexpr std::size_t kFrameSize = kRecordHeadSize + Digest::kSize;

void AppendBytes(std::string& text, ByteView bytes) { text.append(bytes.begin(), bytes.end()); }

}  // namespace

Result<std::string> EncodeRecord(ByteView payload) {
  if (payload.size() > kMaxRecordPayload) {
    return Status::InvalidArgument("a record holds at most " + std::to_string(kMaxRecordPayload) + " bytes, not " +
                                   std::to_string(payload.size()) + "; put big data into a blob");
  }
  std::string record(kMagic);
  record.reserve(payload.size() + kFrameSize);
  AppendBytes(record, LittleEndian(kRecordVersion));
  AppendBytes(record, LittleEndian(static_cast<std::uint64_t>(payload.size())));
  AppendBytes(record, payload);
  AppendBytes(record, Sha256(AsBytes(record)).view());
  return record;
}

Result<ByteView> DecodeRecord(ByteView record, const std::string& path) {
  const auto corrupt = [&](std::string what) { return Status::Corruption(path, std::move(what)); };
  if (record.size() < kFrameSize) return corrupt("too short for a record: " + std::to_string(record.size()) + " bytes");
  if (!std::ranges::equal(record.first(kMagic.size()), AsBytes(kMagic))) return corrupt("not a jitserve record");
  const auto version = FromLittleEndian<std::uint32_t>(record.subspan(4));
  if (version != kRecordVersion) {
    return corrupt("record version " + std::to_string(version) + ", expected " + std::to_string(kRecordVersion));
  }
  const auto length = FromLittleEndian<std::uint64_t>(record.subspan(8));
  if (length != record.size() - kFrameSize) {
    return corrupt("payload length " + std::to_string(length) + " does not fit a file of " +
                   std::to_string(record.size()) + " bytes");
  }
  const ByteView body = record.first(record.size() - Digest::kSize);
  if (!std::ranges::equal(Sha256(body).view(), record.last(Digest::kSize))) return corrupt("digest mismatch");
  return body.subspan(kRecordHeadSize);
}

Status WriteRecord(Env& env, const std::string& path, ByteView payload, const std::string& scratch_directory) {
  auto record = EncodeRecord(payload);
  if (!record.ok()) return record.status();
  const std::string directory = ParentDirectory(path);
  const std::string& scratch = scratch_directory.empty() ? directory : scratch_directory;
  if (Status status = MakeDirectories(env, directory); !status.ok()) return status;
  if (Status status = MakeDirectories(env, scratch); !status.ok()) return status;
  return WriteFileAtomically(env, scratch, path, {AsBytes(record.value())});
}

Result<std::string> ReadRecord(Env& env, const std::string& path) {
  auto content = env.Read(path, kMaxRecordPayload + kFrameSize);
  if (!content.ok()) return content.status();
  auto payload = DecodeRecord(AsBytes(content.value()), path);
  if (!payload.ok()) return payload.status();
  return std::string(payload.value().begin(), payload.value().end());
}

}  // namespace jitserve
