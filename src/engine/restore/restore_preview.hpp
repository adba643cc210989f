#pragma once

// What a restore would change, told without changing it: entries in path order are compared with what the
// target has under their names. Goes the way of Restorer, with the same questions (target_match.hpp), and
// opens everything for reading only.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/blobs/blob_reader.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/restore/file_compare.hpp"
#include "engine/restore/target_dir.hpp"
#include "engine/select/selected_entries.hpp"
#include "engine/snapshot/hard_links.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "stash/engine/restore.hpp"

namespace stash::engine {

class RestorePreview {
 public:
  RestorePreview(Repository& repository, const Manifest& manifest, RestoreOptions options, Progress& progress,
                 ChangeVisitor visit);

  Task<RestoreResult> run();

 private:
  struct Item {
    Entry entry;
    std::vector<Xattr> xattrs;
    bool chosen = true;  ///< false: a directory above what is chosen, made only when it is missing
    std::optional<struct stat> found;
    bool content_right = false;
    bool metadata_right = false;
    bool compare = false;  ///< the ids decide whether the content is right
    std::string problem;
  };
  /// The first name of a file that has several.
  struct LinkTarget {
    bool kept = false;
    dev_t device = 0;
    ino_t inode = 0;
  };

  Task<void> take(Entry entry, bool chosen);
  Task<void> push(Entry entry, bool chosen);
  Task<void> flush();
  void look(Item& item);
  Task<bool> same_content(const Item& item);
  void tell(const Item& item);
  char kind_of(const Item& item);
  char kind_of_link(const Item& item, const LinkTarget& first) const;
  void count(const Item& item, char kind);
  std::shared_ptr<TargetDir> dir_of(const std::string& path);
  void error(const std::string& path, const std::string& what);

  Repository::Impl& repository_;
  RestoreOptions options_;
  Progress& progress_;
  ChangeVisitor visit_;
  Selection selection_;
  BlobReader blobs_;
  FileCompare compare_;
  TreeReader tree_;
  SelectedEntries entries_;
  net::Pool& pool_;
  std::shared_ptr<TargetDir> target_;  ///< null: there is none
  std::vector<Entry> above_;           ///< directories on the way down that are not chosen
  std::vector<Item> window_;
  HardLinks<LinkTarget> links_;
  std::string top_;                      ///< the path of the backup that the current entry is in
  std::string near_path_;                ///< the directory used last,
  std::shared_ptr<TargetDir> near_dir_;  ///< null where the target has none
  RestoreResult result_;
};

}  // namespace stash::engine
