// The readable form of one token, for `explain` and for debugging. Never part of a key.
#pragma once

#include <string>

#include "core/digest.h"
#include "core/tokens.h"

namespace jitserve {

// One line without its newline; long payloads are cut, and the line says so.
std::string DescribeToken(TokenTag tag, ByteView payload);

}  // namespace jitserve
