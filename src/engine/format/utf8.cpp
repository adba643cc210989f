#include "engine/format/utf8.hpp"

#include "stash/json/value.hpp"

namespace stash::engine {

bool is_utf8(std::string_view text) {
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::StringBuffer sink;
  while (bytes.Tell() < text.size())
    if (!rapidjson::UTF8<>::Validate(bytes, sink)) return false;
  return true;
}

}  // namespace stash::engine
