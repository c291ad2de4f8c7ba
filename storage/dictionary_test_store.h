// A dictionary in a RocksDB of its own in a temporary directory: for tests and benchmarks. It does
// what the committer does.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_TEST_STORE_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_TEST_STORE_H_

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "storage/dictionary.h"
#include "storage/format.h"

namespace flamekeep::storage {

class DictionaryTestStore {
 public:
  explicit DictionaryTestStore(uint32_t block_shift) : options_{.block_shift = block_shift} {
    std::string pattern = (std::filesystem::temp_directory_path() / "dictionary-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    OpenDatabase();
  }
  ~DictionaryTestStore() {
    Close();
    CloseDatabase();
    std::filesystem::remove_all(directory_);
  }
  DictionaryTestStore(const DictionaryTestStore&) = delete;
  DictionaryTestStore& operator=(const DictionaryTestStore&) = delete;

  std::string derived_directory() const { return directory_ + "/derived"; }
  DictionaryOptions& options() { return options_; }
  rocksdb::DB* db() { return db_.get(); }
  rocksdb::ColumnFamilyHandle* family() { return family_.get(); }
  Dictionary& dictionary() { return *dictionary_; }

  // Opens or opens again; what was not committed is gone.
  absl::Status Open() {
    Close();
    FLAMEKEEP_ASSIGN_OR_RETURN(
        dictionary_, Dictionary::Open(derived_directory(), db_.get(), family_.get(), options_));
    return absl::OkStatus();
  }
  void Close() { dictionary_.reset(); }

  void ReopenDatabase() {
    CloseDatabase();
    OpenDatabase();
    if (dictionary_ != nullptr) dictionary_->Rebind(db_.get(), family_.get());
  }

  absl::Status Write(rocksdb::WriteBatch* batch) {
    const rocksdb::Status status = db_->Write(rocksdb::WriteOptions(), batch);
    return status.ok() ? absl::OkStatus() : absl::InternalError(status.ToString());
  }
  absl::Status Commit() {
    rocksdb::WriteBatch batch;
    dictionary_->TakePending(&batch);
    FLAMEKEEP_RETURN_IF_ERROR(Write(&batch));
    dictionary_->Committed();
    return absl::OkStatus();
  }
  // One step of derivation, whether or not it is needed.
  absl::Status DeriveOnce() {
    rocksdb::WriteBatch batch;
    FLAMEKEEP_RETURN_IF_ERROR(dictionary_->DeriveNext(&batch));
    FLAMEKEEP_RETURN_IF_ERROR(Write(&batch));
    return dictionary_->DerivationCommitted();
  }
  absl::Status DeriveAll() {
    while (dictionary_->NeedsDerivation()) FLAMEKEEP_RETURN_IF_ERROR(DeriveOnce());
    return absl::OkStatus();
  }

  // The names of the derived files, sorted.
  std::vector<std::string> DerivedFiles() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(derived_directory())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // The keys of the runs of one kind.
  std::vector<std::string> RunKeys(RunTag tag) const {
    std::vector<std::string> keys;
    const std::unique_ptr<rocksdb::Iterator> it(
        db_->NewIterator(rocksdb::ReadOptions(), family_.get()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (it->key()[0] == static_cast<char>(tag)) keys.push_back(it->key().ToString());
    }
    return keys;
  }

 private:
  void OpenDatabase() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
        {rocksdb::kDefaultColumnFamilyName, options}, {std::string(kDictionaryFamily), options}};
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(options, directory_ + "/rocksdb", families, &handles, &db);
    if (!status.ok()) std::abort();
    db_.reset(db);
    default_family_.reset(handles[0]);
    family_.reset(handles[1]);
  }
  void CloseDatabase() {
    default_family_.reset();
    family_.reset();
    db_.reset();
  }

  DictionaryOptions options_;
  std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<rocksdb::ColumnFamilyHandle> default_family_;
  std::unique_ptr<rocksdb::ColumnFamilyHandle> family_;
  std::unique_ptr<Dictionary> dictionary_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_TEST_STORE_H_
