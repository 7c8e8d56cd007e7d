using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>An answer ends at the caller's stop sequences, wherever the upstream cuts its events.</summary>
public sealed class StopCutTests
{
    [Theory]
    [InlineData("one END two", "END", "one ", "END")]
    [InlineData("one EN", "END", "one EN", null)]
    [InlineData("ENEND", "END", "EN", "END")]
    [InlineData("aab", "aaab", "aab", null)]
    [InlineData("a\nb\n\nc", "\n\n", "a\nb", "\n\n")]
    [InlineData("Grüße 😀!", "😀", "Grüße ", "😀")]
    [InlineData("say \"hi\" \\ bye", "\" \\", "say \"hi", "\" \\")]
    [InlineData("END", "END", "", "END")]
    public void Text_ends_before_the_sequence_at_every_cut(string text, string stop, string expected, string? found)
    {
        foreach (var inside in Spellings(text))
        {
            for (var cut = 0; cut <= inside.Count; cut++)
            {
                var seen = Cut([stop], [string.Concat(inside[..cut]), string.Concat(inside[cut..])]);
                Assert.Equal((expected, found), (seen.Text, seen.Stop));
            }

            var single = Cut([stop], inside);
            Assert.Equal((expected, found), (single.Text, single.Stop));
        }
    }

    [Fact]
    public void Random_texts_end_where_the_first_whole_sequence_begins_whatever_the_cuts()
    {
        var random = new Random(4);
        for (var i = 0; i < 20_000; i++)
        {
            var text = Word(random, 24);
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Word(random, 5))];
            var ends = stops.Where(stop => stop.Length > 0)
                .Select(stop => (At: text.IndexOf(stop, StringComparison.Ordinal), stop))
                .Where(found => found.At >= 0)
                .OrderBy(found => found.At + found.stop.Length).ThenBy(found => found.At).ToList();
            var expected = ends.Count > 0 ? text[..ends[0].At] : text;
            var inside = Spellings(text).ElementAt(random.Next(2));
            var pieces = new List<string> { "" };
            foreach (var unit in inside)
            {
                pieces.AddRange(random.Next(3) == 0 ? [""] : []);
                pieces[^1] += unit;
            }

            var seen = Cut([.. stops.Where(stop => stop.Length > 0)], pieces);

            Assert.Equal(expected, seen.Text);
            Assert.Equal(ends.Count > 0 ? ends[0].stop : null, seen.Stop);
        }
    }

    [Fact]
    public void Each_of_several_answers_ends_for_itself_and_the_last_ends_all()
    {
        var (cut, seen) = (new StopCut(), new Seen());
        cut.Begin(seen, Context(["."], choices: 2));
        Give(cut, "a.b", 0);
        Assert.False(cut.IsThrough);
        Give(cut, "c", 1);
        Give(cut, "never", 0);
        Give(cut, "d.", 1);

        Assert.True(cut.IsThrough);
        Assert.Equal("0:a 0! 1:c 1:d 1!", seen.Log.ToString().TrimEnd());
    }

    [Fact]
    public void What_waits_goes_before_whatever_is_no_text()
    {
        var (cut, seen) = (new StopCut(), new Seen());
        cut.Begin(seen, Context(["END"], choices: 1));
        Give(cut, "an EN", 0);
        Assert.Equal("an ", seen.Text);
        cut.Take(new ChatEvent(ChatEventKind.Call) { Call = 0, Id = "c"u8, Name = "f"u8 });
        Give(cut, "D", 0);
        cut.Flush();

        Assert.Equal("an END", seen.Text);
        Assert.Null(seen.Stop);
        Assert.False(cut.IsThrough);
    }

    private static string Word(Random random, int charsMax) =>
        string.Concat(Enumerable.Range(0, random.Next(charsMax)).Select(_ => "ab\"\n"[random.Next(4)]));

    // As most write it, and with every character escaped.
    private static IEnumerable<List<string>> Spellings(string text)
    {
        yield return [.. text.EnumerateRunes().Select(rune =>
        {
            var inside = new ArrayBufferWriter<byte>();
            JsonText.WriteEscaped(inside, Encoding.UTF8.GetBytes(rune.ToString()));
            return Encoding.UTF8.GetString(inside.WrittenSpan);
        })];
        yield return [.. text.EnumerateRunes().Select(
            rune => string.Concat(rune.ToString().Select(c => $"\\u{(int)c:x4}")))];
    }

    private static Seen Cut(string[] stops, IEnumerable<string> pieces)
    {
        var (cut, seen) = (new StopCut(), new Seen());
        cut.Begin(seen, Context(stops, choices: 1));
        foreach (var piece in pieces)
        {
            Give(cut, piece, 0);
        }

        Assert.Equal(seen.Stop is not null, cut.IsThrough);
        cut.Flush();
        return seen;
    }

    private static void Give(StopCut cut, string inside, int choice) => cut.Take(
        new ChatEvent(ChatEventKind.Text) { Choice = choice, Text = Encoding.UTF8.GetBytes(inside) });

    private static AnswerContext Context(string[] stops, int choices) => new()
    {
        RequestId = "r", Model = "m", Upstream = Dialect.Responses, UpstreamModel = "u", CreatedSeconds = 1,
        Stops = stops, Choices = choices,
    };

    private sealed class Seen : IChatSink
    {
        public string Text { get; private set; } = "";

        public string? Stop { get; private set; }

        public StringBuilder Log { get; } = new();

        public void Take(in ChatEvent e)
        {
            if (e.Kind == ChatEventKind.Text)
            {
                Text += JsonText.Unescape(e.Text);
                Log.Append($"{e.Choice}:{JsonText.Unescape(e.Text)} ");
            }
            else if (e.Kind == ChatEventKind.Stop)
            {
                Assert.Equal(StopReason.StopSequence, e.Stop);
                Stop = JsonText.Unescape(e.Text);
                Log.Append($"{e.Choice}! ");
            }
        }
    }
}
