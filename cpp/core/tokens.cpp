#include "core/tokens.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "core/little_endian.h"
#include "core/token_text.h"

namespace jitserve {

void Tokens::Int(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  const std::uint64_t magnitude = value < 0 ? 0 - bits : bits;
  const std::size_t size = static_cast<std::size_t>(std::bit_width(magnitude)) / 8 + 1;
  std::array<std::uint8_t, 9> payload{};  // 9: the magnitude of INT64_MIN has 64 bits
  const auto low = LittleEndian(bits);
  std::copy(low.begin(), low.end(), payload.begin());
  payload[8] = value < 0 ? 0xff : 0x00;
  Emit(TokenTag::kInt, ByteView(payload).first(size));
}

void Tokens::Float(double value) { Emit(TokenTag::kFloat, LittleEndian(std::bit_cast<std::uint64_t>(value))); }

void Tokens::Complex(double real, double imaginary) {
  std::array<std::uint8_t, 16> payload{};
  const auto first = LittleEndian(std::bit_cast<std::uint64_t>(real));
  const auto second = LittleEndian(std::bit_cast<std::uint64_t>(imaginary));
  std::copy(first.begin(), first.end(), payload.begin());
  std::copy(second.begin(), second.end(), payload.begin() + 8);
  Emit(TokenTag::kComplex, payload);
}

void Tokens::Begin(std::string_view name, std::uint64_t children) {
  const auto count = LittleEndian(children);
  std::string payload(count.begin(), count.end());
  payload.append(name);
  Emit(TokenTag::kBegin, AsBytes(payload));
}

Digest Tokens::Finish() const {
  Hasher rest = hasher_.Clone();
  rest.Update(AsBytes(pending_));
  return std::move(rest).Close();
}

void Tokens::Emit(TokenTag tag, ByteView payload) {
  const auto tag_byte = static_cast<std::uint8_t>(tag);
  Append({&tag_byte, 1});
  Append(LittleEndian(static_cast<std::uint64_t>(payload.size())));
  Append(payload);
  if (capture_) text_.append(DescribeToken(tag, payload)).push_back('\n');
}

void Tokens::Append(ByteView data) {
  if (pending_.size() + data.size() > kBufferSize) {
    hasher_.Update(AsBytes(pending_));
    pending_.clear();
    if (data.size() > kBufferSize) return hasher_.Update(data);
  }
  pending_.append(reinterpret_cast<const char*>(data.data()), data.size());
}

}  // namespace jitserve
