#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/storage/s3_store.hpp"
#include "storage/s3_error.hpp"
#include "storage/sigv4.hpp"

namespace stash::storage {

/// Signed requests about one bucket: what the stores over S3 share. Members are theirs to read.
struct S3Client {
  /// Throws Error(Invalid) when bucket or credentials are missing.
  S3Client(S3Config c, const Clock& k);

  /// "get s3:https://host/bucket/prefix/name", for messages.
  std::string what(std::string_view verb, std::string_view name) const;
  /// Encoded path of an object, or of the bucket when `name` is empty.
  std::string path(std::string_view name) const;
  /// What the keys of all objects begin with: "prefix/", or "".
  std::string key_prefix() const;

  net::Request signed_request(net::Request request, const std::vector<ByteView>& body) const;
  /// Sends once; when the answer names another region for this bucket, once more with that.
  Task<net::Response> send(net::Request plain, std::vector<ByteView> body);
  /// GET of a target that answers with the bytes of an object, of which no more than `range` asks for are
  /// read. `doing` begins the messages. Regions are learned as by send().
  Task<Bytes> fetch(std::string target, Range range, std::string doing);
  /// Why an object cannot be deleted, as its headers tell, or "".
  Task<std::string> protection_of(std::string name);
  [[noreturn]] static void fail(const net::Response& response, std::string_view doing);

  S3Config config;
  const Clock& clock;
  net::HttpClient client;
  SigningKey key;
  std::string address;

 private:
  /// Asks once; when the answer names another region for this bucket, once more.
  Task<net::Response> in_its_region(std::function<Task<net::Response>()> ask);
  /// True when the answer to a request signed for the region `asked` names another one.
  bool learn_region(const net::Response& response, const std::string& asked);
  /// One GET. What it came for goes into `content`, the text of any other answer into the response.
  Task<net::Response> open_and_read(net::Request request, std::uint64_t limit, std::string doing,
                                    Bytes& content);
  bool encrypted() const { return config.endpoint.scheme == "https"; }
};

std::optional<std::uint64_t> content_length(const net::Headers& headers);
std::string percent_decode(std::string_view text);

}  // namespace stash::storage
