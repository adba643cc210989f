#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/storage/s3_store.hpp"
#include "storage/credential_cache.hpp"
#include "storage/s3_error.hpp"
#include "storage/sigv4.hpp"

namespace stash::storage {

/// Signed requests about one bucket: what the stores over S3 share. Members are theirs to read.
struct S3Client {
  /// As S3Store.
  S3Client(S3Config c, const Clock& k);

  /// "get s3:https://host/bucket/prefix/name", for messages.
  std::string what(std::string_view verb, std::string_view name) const;
  /// Encoded path of an object, or of the bucket when `name` is empty.
  std::string path(std::string_view name) const;
  /// What the keys of all objects begin with: "prefix/", or "".
  std::string key_prefix() const;

  /// Sends; once more where the answer names another region for this bucket, and once where it says that the
  /// credentials have expired and there are others.
  Task<net::Response> send(net::Request plain, std::vector<ByteView> body);
  /// HEAD of a target. A refusal without a reason is replaced by that of a GET of the bucket.
  Task<net::Response> head(std::string target);
  /// GET of a target that answers with the bytes of an object, of which no more than `range` asks for are
  /// read. `doing` begins the messages. Asks once more as send() does.
  Task<Bytes> fetch(std::string target, Range range, std::string doing);
  /// Why an object cannot be deleted, as its headers tell, or "".
  Task<std::string> protection_of(std::string name);
  [[noreturn]] static void fail(const net::Response& response, std::string_view doing);

  S3Config config;
  const Clock& clock;
  std::string address;

  /// Where requests go now.
  const net::Url& origin() const { return client_->origin(); }
  /// True when the answer to a request signed for the region `asked` names another one, which is used from
  /// now on.
  bool learn_region(const S3Fault& fault, const std::string& asked);

 private:
  /// What one attempt uses: a region learned meanwhile takes no client from under it.
  struct Session {
    Session() {}
    std::shared_ptr<net::HttpClient> client;
    SigningKey key;
  };
  using Ask = std::function<Task<net::Response>(const Session&)>;

  Task<Session> session();
  Task<net::Response> answer_to(Ask ask);
  net::Request signed_request(net::Request request, const std::vector<ByteView>& body,
                              const Session& session) const;
  /// One GET. What it came for goes into `content`, the text of any other answer into the response.
  static Task<net::Response> open_and_read(std::shared_ptr<net::HttpClient> client, net::Request request,
                                           std::uint64_t limit, std::string doing, Bytes& content);
  bool encrypted() const { return config.endpoint.scheme == "https"; }

  std::string region_;
  std::shared_ptr<net::HttpClient> client_;
  CredentialCache credentials_;
};

std::optional<std::uint64_t> content_length(const net::Headers& headers);
std::string percent_decode(std::string_view text);

}  // namespace stash::storage
