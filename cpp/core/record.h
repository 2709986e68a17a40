// The framed record: how a small, named piece of data (a manifest, a program) lies on disk.
//
//   record  = magic version length payload digest
//   magic   = "JSRV"
//   version = 4 bytes, little-endian: kRecordVersion
//   length  = 8 bytes, little-endian: size of the payload
//   digest  = SHA-256 of all the bytes before it (so it covers the head too)
//
// Nothing may follow. Version history: 1, the first.
#pragma once

#include <cstdint>
#include <string>

#include "core/env.h"

namespace jitserve {

inline constexpr std::uint32_t kRecordVersion = 1;
inline constexpr std::size_t kRecordHeadSize = 4 + 4 + 8;
// Records are small; big data belongs in blobs. The cap bounds what a damaged or hostile length can make us allocate.
inline constexpr std::uint64_t kMaxRecordPayload = std::uint64_t{64} << 20;

// REQUIRES: payload.size() <= kMaxRecordPayload (else kInvalidArgument)
Result<std::string> EncodeRecord(ByteView payload);

// The payload, as a part of `record`. kCorruption says what is wrong; `path` is for its message.
Result<ByteView> DecodeRecord(ByteView record, const std::string& path);

// Replaces `path` atomically, and makes its directory if need be. The temporary file lies in `scratch_directory` (made
// too; on the same file system), or beside `path` when that is empty.
Status WriteRecord(Env& env, const std::string& path, ByteView payload, const std::string& scratch_directory);

// kNotFound, kCorruption, kIOError: three different answers.
Result<std::string> ReadRecord(Env& env, const std::string& path);

}  // namespace jitserve
