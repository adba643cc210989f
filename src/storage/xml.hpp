#pragma once

// A reader for the small XML answers of S3: elements and text only. Bounded: 16 MiB of text, 32 levels. No
// DTD, no external or custom entities, so nothing can be expanded or fetched.

#include <string>
#include <string_view>
#include <vector>

namespace stash::storage {

struct XmlElement {
  std::string name;  ///< without namespace prefix
  std::string text;  ///< of this element itself, entities resolved
  std::vector<XmlElement> children;

  /// First child of a name, or null.
  const XmlElement* child(std::string_view child_name) const;
  /// Its text, or "".
  std::string_view child_text(std::string_view child_name) const;
};

/// The root element. Throws Error(Corrupt) on malformed or oversized input.
XmlElement parse_xml(std::string_view text);

}  // namespace stash::storage
