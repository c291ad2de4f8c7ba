#include "cli/import_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "cli/file_format.h"
#include "cli/test_compression.h"
#include "cli/test_ingest_server.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

using Outcome = FileResult::Outcome;

std::string Timed(int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    text += std::to_string(1795222421471786 + i) + "\texcimer-wall\tmain;run;f" +
            std::to_string(i % 1000 * 919 % 1000) + " 1\n";
  }
  return text;
}

TEST(FileFormat, IsToldByTheFirstLine) {
  EXPECT_EQ(FormatOf("1795222421471786\texcimer-wall\ta;b 1\n"), FileFormat::kTimedFolded);
  EXPECT_EQ(FormatOf("\n\r\n1795222421471786\texcimer-wall\ta;b 1"), FileFormat::kTimedFolded);
  for (const std::string_view text :
       {"", "\n", "a;b 1\n", "1795222421471786\texcimer\n", "\tx\ta 1", "1\t\ta 1", "x1\tc\ta 1",
        "a;b 1\n1795222421471786\texcimer-wall\ta;b 1\n"}) {
    EXPECT_EQ(FormatOf(text), FileFormat::kFolded) << text;
  }
}

TEST(FileFormat, Profiles) {
  EXPECT_EQ(FormatOf("PERFILE2\x68\x00"), FileFormat::kPerfData);
  EXPECT_EQ(FormatOf("# captured on: today\n#\nmysqld 12/13 [002] 81.5:  250 cycles:P: \n"),
            FileFormat::kPerfScript);
  EXPECT_EQ(FormatOf("a b c 12 81.567: cpu-clock:\n\tff f (x)\n"), FileFormat::kPerfScript);
  EXPECT_EQ(FormatOf(R"( {"$schema":"https://www.speedscope.app/file-format-schema.json"})"),
            FileFormat::kSpeedscope);
  const std::string_view pprof("\x0a\x04\x08\x01\x10\x02\x12\x02\x0a\x00\x32\x00", 12);
  EXPECT_EQ(FormatOf(pprof), FileFormat::kPprof);
  EXPECT_EQ(FormatOf("main;GetThing 12\n*a;b 1\n"), FileFormat::kFolded);
  EXPECT_EQ(FormatOf("{closure:/x.php(3)};b 1\n"), FileFormat::kFolded);
}

std::vector<std::string> SortedLines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

class ImportFileTest : public testing::Test {
 protected:
  ImportFileTest() {
    import_.open.set_site("eqiad");
    target_.channel = server_.Channel();
    target_.address = server_.address();
    target_.client.first_backoff = absl::Milliseconds(2);
    target_.client.max_backoff = absl::Milliseconds(20);
    target_.progress = &progress_;
  }

  FileResult Import(const std::string& path) {
    const auto result = ImportFile(path, import_, target_);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : FileResult{};
  }
  Outcome ImportContent(const std::string& name, const std::string& content) {
    return Import(dir_.File(name, content)).outcome;
  }

  // All lines of all sources, in the order of the sources' names.
  std::string Stored() {
    std::string lines;
    for (const auto& [name, source] : server_.sources()) lines += source.lines;
    return lines;
  }

  const TempDir dir_;
  TestIngestServer server_;
  Progress progress_{Progress::Style::kQuiet};
  FileImport import_;
  ImportTarget target_;
};

TEST_F(ImportFileTest, SameContentCountsOnceUnderAnyNameAndCompression) {
  const std::string text = Timed(0, 40'000);
  EXPECT_EQ(ImportContent("a.log", text), Outcome::kImported);
  EXPECT_TRUE(Stored() == text);
  EXPECT_EQ(ImportContent("a.log", text), Outcome::kUpToDate);
  EXPECT_EQ(ImportContent("other.log", text), Outcome::kUpToDate);
  EXPECT_EQ(ImportContent("a.log.gz", Gzip(text)), Outcome::kUpToDate);
  EXPECT_EQ(ImportContent("a.log.zst", Zstd(text)), Outcome::kUpToDate);
  EXPECT_TRUE(Stored() == text);
}

TEST_F(ImportFileTest, GrownLogIsContinued) {
  const std::string text = Timed(0, 50'000);
  std::minstd_rand random(3);
  // Cut anywhere: mostly in the middle of a line.
  for (size_t size = 10; size < text.size(); size += random() % 900'000) {
    Import(dir_.File("a.log", text.substr(0, size)));
    const size_t lines_end = text.rfind('\n', size - 1) + 1;
    ASSERT_TRUE(Stored() == text.substr(0, lines_end)) << size;
  }
  const FileResult last = Import(dir_.File("a.log.gz", Gzip(text)));
  EXPECT_TRUE(last.resumed);
  EXPECT_TRUE(Stored() == text);
  EXPECT_EQ(server_.sources().size(), 1U);
}

TEST_F(ImportFileTest, OlderCopyAddsNothing) {
  const std::string text = Timed(0, 30'000);
  EXPECT_EQ(ImportContent("a.log", text), Outcome::kImported);
  EXPECT_EQ(ImportContent("b.log", text.substr(0, text.size() / 3)), Outcome::kOlderCopy);
  EXPECT_EQ(ImportContent("b.log", text.substr(0, text.find('\n') + 1)), Outcome::kOlderCopy);
  EXPECT_TRUE(Stored() == text);
}

TEST_F(ImportFileTest, DifferentContentsWithTheSameFirstLineAllCount) {
  const std::string head = Timed(0, 1);
  const std::string a = head + Timed(1000, 20'000);
  const std::string b = head + Timed(50'000, 20'000);
  const std::string c = a.substr(0, a.size() - 2) + "9\n";  // differs at the very end
  for (const std::string& content : {a, b, c}) {
    EXPECT_EQ(ImportContent("x.log", content), Outcome::kImported);
    EXPECT_EQ(ImportContent("x.log", content), Outcome::kUpToDate);
  }
  EXPECT_TRUE(Stored() == a + b + c);
  EXPECT_EQ(server_.sources().size(), 3U);
  EXPECT_EQ(ImportContent("x.log", b + head), Outcome::kImported);
  EXPECT_TRUE(Stored() == a + b + head + c);
}

TEST_F(ImportFileTest, LastLineWithoutNewline) {
  const std::string text = Timed(0, 3);
  const std::string open_end = text + "1795222421471800\texcimer-wall\ta;b 1";
  FileResult result = Import(dir_.File("a.log", open_end));
  EXPECT_EQ(result.left_out, open_end.size() - text.size());
  EXPECT_EQ(Stored(), text);
  EXPECT_EQ(Import(dir_.File("a.log", open_end)).outcome, Outcome::kUpToDate);

  // Compressed: nobody writes to it any more.
  EXPECT_EQ(ImportContent("a.log.gz", Gzip(open_end)), Outcome::kImported);
  EXPECT_EQ(Stored(), open_end + "\n");
  EXPECT_EQ(ImportContent("a.log.zst", Zstd(open_end)), Outcome::kUpToDate);
  // Its newline comes after all, and more.
  EXPECT_EQ(ImportContent("a.log", open_end + "\n" + Timed(90, 2)), Outcome::kImported);
  EXPECT_EQ(Stored(), open_end + "\n\n" + Timed(90, 2));  // empty lines are no samples
}

TEST_F(ImportFileTest, CompleteCountsTheLastLineAndALineThatGrowsIsAnError) {
  const std::string open_end = Timed(0, 3) + "1795222421471800\texcimer-wall\ta;b 1";
  import_.complete = true;
  EXPECT_EQ(ImportContent("a.log", open_end), Outcome::kImported);
  EXPECT_EQ(Stored(), open_end + "\n");
  const auto grown = ImportFile(dir_.File("a.log", open_end + "2\n"), import_, target_);
  EXPECT_TRUE(absl::IsFailedPrecondition(grown.status())) << grown.status();
  EXPECT_EQ(Stored(), open_end + "\n");
}

TEST_F(ImportFileTest, NothingInIt) {
  EXPECT_EQ(ImportContent("empty.log", ""), Outcome::kNothing);
  EXPECT_EQ(ImportContent("empty.log.gz", Gzip("")), Outcome::kNothing);
  EXPECT_EQ(ImportContent("begun.log", "1795222421471800\texc"), Outcome::kNothing);
  EXPECT_TRUE(server_.sources().empty());
}

TEST_F(ImportFileTest, PlainFoldedLinesNeedATime) {
  const std::string path = dir_.File("folded.txt", "main;run 1\nmain;stop 2\n");
  const auto refused = ImportFile(path, import_, target_);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(Message(refused.status()), testing::HasSubstr("--time"));

  import_.open.set_profile_type("excimer-wall");
  import_.open.mutable_time()->set_seconds(1795222400);
  import_.open.set_resolution(v1::LEVEL_HOUR);
  v1::Label* label = import_.open.add_labels();
  label->set_name("cluster");
  label->set_value("a");
  EXPECT_EQ(Import(path).outcome, Outcome::kImported);
  const auto sources = server_.sources();
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_THAT(sources.begin()->first, testing::HasSubstr("{cluster=\"a\"} (excimer-wall, "));
  const v1::OpenSource& open = sources.begin()->second.open;
  EXPECT_EQ(open.format(), v1::FORMAT_FOLDED);
  EXPECT_EQ(open.kind(), v1::OpenSource::KIND_IMPORT);
  EXPECT_EQ(open.resolution(), v1::LEVEL_HOUR);

  const auto timed = ImportFile(dir_.File("timed.log", Timed(0, 2)), import_, target_);
  EXPECT_THAT(Message(timed.status()), testing::HasSubstr("leave out --time"));
}

TEST_F(ImportFileTest, PipeIsComparedWithWhatIsKnown) {
  const std::string text = Timed(0, 30'000);
  EXPECT_EQ(ImportContent("a.log", text), Outcome::kImported);
  const std::string other = Timed(0, 15'000) + Timed(70'000, 5000);
  for (const std::string& content : {text, text + Timed(90'000, 10), other}) {
    const std::string pipe = dir_.path() + "/pipe";
    std::filesystem::remove(pipe);
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << content; });
    Import(pipe);
    writer.join();
  }
  EXPECT_EQ(Stored().size(), text.size() + Timed(90'000, 10).size() + other.size());
}

TEST_F(ImportFileTest, EachLineCountsOnceWhateverBreaks) {
  std::string want;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const std::string text = Timed(static_cast<int>(seed) * 1'000'000, 120'000);
    want += text;
    server_.Misbehave(60, seed);
    server_.AnswerAfter(absl::Milliseconds(seed % 3));
    target_.client.window_bytes = 3 << 20;
    const std::string path = dir_.File("a.log", text);
    // A client that dies (here: is cancelled) and comes again.
    std::atomic<int> calls = 0;
    target_.client.wait_for_server = true;
    target_.client.cancelled = [&] { return ++calls == 5; };
    absl::Status status = absl::CancelledError();
    while (absl::IsCancelled(status)) status = ImportFile(path, import_, target_).status();
    ASSERT_TRUE(status.ok()) << status;
    server_.Misbehave(0, 0);
    EXPECT_EQ(Import(path).outcome, Outcome::kUpToDate);
    EXPECT_TRUE(SortedLines(Stored()) == SortedLines(want)) << "seed " << seed;
  }
}

TEST_F(ImportFileTest, DamagedFileLeavesWhatWasRead) {
  const std::string text = Timed(0, 100'000);
  const std::string gz = Gzip(text);
  const auto cut =
      ImportFile(dir_.File("a.log.gz", gz.substr(0, gz.size() - 100)), import_, target_);
  EXPECT_TRUE(absl::IsDataLoss(cut.status())) << cut.status();
  EXPECT_EQ(ImportContent("a.log.gz", gz), Outcome::kImported);
  EXPECT_TRUE(Stored() == text);
}

}  // namespace
}  // namespace flamekeep::cli
