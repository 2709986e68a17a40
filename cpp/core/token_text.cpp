#include "core/token_text.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "core/little_endian.h"

namespace jitserve {
namespace {

constexpr std::size_t kShown = 200;  // bytes of a payload

ByteView Shown(ByteView payload) { return payload.first(std::min(payload.size(), kShown)); }

// Printable ASCII and UTF-8 as they are, the rest escaped: a line stays one line.
std::string Quoted(ByteView bytes) {
  std::string text = "\"";
  for (std::uint8_t byte : Shown(bytes)) {
    if (byte == '"' || byte == '\\') {
      text.push_back('\\');
      text.push_back(static_cast<char>(byte));
    } else if (byte < 0x20 || byte == 0x7f) {
      text.append("\\x").append(HexOf({&byte, 1}));
    } else {
      text.push_back(static_cast<char>(byte));
    }
  }
  return text + "\"";
}

std::string IntText(ByteView payload) {
  if (payload.size() > 8) return "0x" + HexOf(Shown(payload)) + " (little-endian)";
  std::uint64_t bits = (payload.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = payload.size(); i-- > 0;) bits = (bits << 8) | payload[i];
  return std::to_string(static_cast<std::int64_t>(bits));
}

// The shortest text that reads back as the same double; the bytes follow, because NaNs differ in them.
std::string FloatText(ByteView payload) {
  const auto bits = FromLittleEndian<std::uint64_t>(payload);
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), std::bit_cast<double>(bits)).ptr;
  return std::string(buffer, end) + " (" + HexOf(payload.first(8)) + ")";
}

}  // namespace

std::string DescribeToken(TokenTag tag, ByteView payload) {
  const std::string cut = payload.size() > kShown ? " ... " + std::to_string(payload.size()) + " bytes" : "";
  switch (tag) {
    case TokenTag::kNone:
      return "none";
    case TokenTag::kTrue:
      return "true";
    case TokenTag::kFalse:
      return "false";
    case TokenTag::kEllipsis:
      return "ellipsis";
    case TokenTag::kInt:
      return "int " + IntText(payload) + cut;
    case TokenTag::kFloat:
      return "float " + FloatText(payload);
    case TokenTag::kComplex:
      return "complex " + FloatText(payload) + " " + FloatText(payload.subspan(8));
    case TokenTag::kStr:
      return "str " + Quoted(payload) + cut;
    case TokenTag::kBytes:
      return "bytes " + HexOf(Shown(payload)) + cut;
    case TokenTag::kDigest:
      return "digest " + HexOf(Shown(payload));
    case TokenTag::kTag:
      return "tag " + Quoted(payload) + cut;
    case TokenTag::kBegin:
      return "begin " + Quoted(payload.subspan(8)) + " " + std::to_string(FromLittleEndian<std::uint64_t>(payload));
  }
  return "unknown";
}

}  // namespace jitserve
