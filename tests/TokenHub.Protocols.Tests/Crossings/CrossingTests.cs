using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Crossings;

/// <summary>
/// Every client's dialect over every upstream's: requests there, answers and errors back. Between a dialect and itself
/// the bytes pass as they are, and its codecs are held to what they have in common with the others.
/// </summary>
public sealed class CrossingTests
{
    // Cuts between that of every byte and none: a prime, so that no two streams are cut alike.
    private const int CutStride = 1;

    public static TheoryData<Dialect, Dialect, string> Requests => Pairs(
        (client, upstream) => client == upstream ? [] : CrossingCorpus.Scenarios("Clients", client, ".json"));

    public static TheoryData<Dialect, Dialect, string> Streams =>
        Pairs((client, upstream) => CrossingCorpus.Answers(client, upstream, ".sse"));

    public static TheoryData<Dialect, Dialect, string> Bodies =>
        Pairs((client, upstream) => CrossingCorpus.Answers(client, upstream, ".json"));

    public static TheoryData<Dialect, Dialect, string, int> Errors
    {
        get
        {
            var data = new TheoryData<Dialect, Dialect, string, int>();
            foreach (var (client, upstream) in AllPairs.Where(pair => pair.Client != pair.Upstream))
            {
                foreach (var (scenario, status) in CrossingCorpus.Errors(upstream))
                {
                    data.Add(client, upstream, scenario, status);
                }
            }

            return data;
        }
    }

    public static TheoryData<Dialect, string> Clients
    {
        get
        {
            var data = new TheoryData<Dialect, string>();
            foreach (var client in CrossingCorpus.Dialects)
            {
                foreach (var scenario in CrossingCorpus.Scenarios("Clients", client, ".json"))
                {
                    data.Add(client, scenario);
                }
            }

            return data;
        }
    }

    public static TheoryData<Dialect, string> Upstreams
    {
        get
        {
            var data = new TheoryData<Dialect, string>();
            foreach (var upstream in CrossingCorpus.Dialects)
            {
                foreach (var scenario in CrossingCorpus.Scenarios("Upstreams", upstream, ".sse"))
                {
                    data.Add(upstream, scenario);
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Requests))]
    public void Request_is_written_as_expected(Dialect client, Dialect upstream, string scenario)
    {
        var crossing = new Crossing(client, upstream, scenario).Send();

        if (crossing.Refusal is { } refusal)
        {
            CrossingCorpus.Expect(client, upstream, scenario, "refusal.txt", Encoding.UTF8.GetBytes(refusal));
            return;
        }

        CrossingCorpus.Expect(
            client, upstream, scenario, "upstream-request.json", CrossingCorpus.OverLines(crossing.UpstreamRequest));
        CrossingCorpus.Expect(
            client, upstream, scenario, "dropped.txt", Encoding.UTF8.GetBytes(crossing.Dropped));
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_is_written_as_expected(Dialect client, Dialect upstream, string scenario)
    {
        var crossing = Answered(client, upstream, scenario);
        var bytes = crossing.Answer(isStream: true);
        var meter = Crossing.Meter(upstream, isStream: true, bytes);
        var written = crossing.Translate(isStream: true, meter, [bytes]);

        if (client != upstream)
        {
            CrossingCorpus.Expect(client, upstream, scenario, "client.sse", written);
        }

        AssertSameAnswer(crossing, client, upstream, meter, bytes, written, isStream: true);
        Assert.Equal(written, crossing.Translate(isStream: true, meter, Chunker.Single(bytes)));
        for (var cut = 1; cut < bytes.Length; cut += CutStride)
        {
            Assert.Equal(written, crossing.Translate(
                isStream: true, meter, [bytes.AsMemory(0, cut), bytes.AsMemory(cut)]));
        }
    }

    [Theory, MemberData(nameof(Bodies))]
    public void Body_is_written_as_expected(Dialect client, Dialect upstream, string scenario)
    {
        var crossing = Answered(client, upstream, scenario);
        var bytes = crossing.Answer(isStream: false);
        var meter = Crossing.Meter(upstream, isStream: false, bytes);
        var written = crossing.Translate(isStream: false, meter, [bytes]);

        if (client != upstream)
        {
            CrossingCorpus.Expect(client, upstream, scenario, "client.json", CrossingCorpus.OverLines(written));
        }

        AssertSameAnswer(crossing, client, upstream, meter, bytes, written, isStream: false);
        Assert.Equal(written, crossing.Translate(isStream: false, meter, Chunker.Single(bytes)));
    }

    [Theory, MemberData(nameof(Upstreams))]
    public void Events_are_the_same_at_every_cut(Dialect upstream, string scenario)
    {
        var crossing = new Crossing(upstream, upstream, scenario);

        DecodedWire.AssertSameAtEveryCut(
            DialectCodecs.Of(upstream).NewDecoder(), crossing.Context, crossing.Answer(isStream: true), stride: 1);
    }

    [Theory, MemberData(nameof(Errors))]
    public void Error_is_told_as_expected(Dialect client, Dialect upstream, string scenario, int status)
    {
        var crossing = new Crossing(client, upstream, scenario);
        var error = crossing.Told(
            ReportedError.Parse(CrossingCorpus.Read("Upstreams", upstream, scenario + ".json")), status);
        var body = new ArrayBufferWriter<byte>();
        ErrorBody.Write(client, body, error);

        CrossingCorpus.Expect(
            client, upstream, scenario, "client-error.json", CrossingCorpus.OverLines(body.WrittenSpan));
        CrossingCorpus.Expect(
            client, upstream, scenario, "status.txt", Encoding.UTF8.GetBytes($"{error.Status}\n"));
    }

    [Theory, MemberData(nameof(Clients))]
    public void Request_for_its_own_dialect_passes_byte_for_byte_under_the_upstreams_name(
        Dialect dialect, string scenario)
    {
        var body = CrossingCorpus.Read("Clients", dialect, scenario + ".json");
        var text = Encoding.UTF8.GetString(body);
        var spliced = new ArrayBufferWriter<byte>();
        Assert.True(RequestScanner.TryScan(dialect, body, out var facts, out _));
        BodySplice.Write(body, facts, "upstream-1", includeUsage: false, spliced);

        Assert.Equal(
            text.Replace("\"hub-large\"", "\"upstream-1\"", StringComparison.Ordinal),
            Encoding.UTF8.GetString(spliced.WrittenSpan));
    }

    [Theory, MemberData(nameof(Clients))]
    public void Request_for_its_own_dialect_loses_thoughts_of_others_and_keeps_its_own(Dialect dialect, string scenario)
    {
        var body = CrossingCorpus.Read("Clients", dialect, scenario + ".json");
        var text = Encoding.UTF8.GetString(body);
        var hasCarriers = dialect != Dialect.Chat && text.Contains("\"th1.", StringComparison.Ordinal);
        Assert.Equal(hasCarriers, CarrierStrip.IsNeeded(dialect, body));
        if (!hasCarriers)
        {
            return;
        }

        var written = new ArrayBufferWriter<byte>();
        CarrierStrip.Write(dialect, CrossingCorpus.ModelOf(dialect, scenario).Name, body, written);

        using var whole = JsonDocument.Parse(written.WrittenMemory);
        var left = Encoding.UTF8.GetString(written.WrittenSpan);
        Assert.DoesNotContain("\"th1.", left, StringComparison.Ordinal);
        Assert.Contains(dialect switch
        {
            Dialect.Anthropic => "EqQBCgIYAhIkMDk5/scripted+signature==",
            Dialect.Responses => "gAAAAABscripted_encrypted_reasoning-==",
            _ => "EpEgCo4gAb4+9vvWwdN/scripted==",
        }, left, StringComparison.Ordinal);
    }

    private static IEnumerable<(Dialect Client, Dialect Upstream)> AllPairs =>
        CrossingCorpus.Dialects.SelectMany(client => CrossingCorpus.Dialects.Select(upstream => (client, upstream)));

    private static TheoryData<Dialect, Dialect, string> Pairs(Func<Dialect, Dialect, IEnumerable<string>> scenarios)
    {
        var data = new TheoryData<Dialect, Dialect, string>();
        foreach (var (client, upstream) in AllPairs)
        {
            foreach (var scenario in scenarios(client, upstream))
            {
                data.Add(client, upstream, scenario);
            }
        }

        return data;
    }

    // The answer belongs to the client's request of the same scenario, where there is one.
    private static Crossing Answered(Dialect client, Dialect upstream, string scenario)
    {
        var crossing = new Crossing(client, upstream, scenario);
        return CrossingCorpus.Has("Clients", client, scenario + ".json") ? crossing.Send() : crossing;
    }

    // What the client reads of his answer is what the upstream wrote: usage, text, calls.
    private static void AssertSameAnswer(
        Crossing crossing, Dialect client, Dialect upstream, AnswerReader meter, byte[] bytes, byte[] written,
        bool isStream)
    {
        var own = Crossing.Meter(client, isStream, written);
        Assert.Equal(meter.HasError, own.HasError);
        Assert.True(own.IsTerminal || own.HasError);
        var isTold = client != Dialect.Chat || crossing.Context.IncludeUsage || !isStream;
        if (!meter.HasError && isTold)
        {
            Assert.Equal(crossing.Sayable(meter.Usage), crossing.Sayable(own.Usage));
        }

        var (told, came) = (Read(client, crossing.Context, written), Read(upstream, crossing.Context, bytes));
        var explained = client is Dialect.Chat or Dialect.Responses ? came.Explanation : "";
        Assert.Equal(came.Words + explained, told.Words);
        if (client != Dialect.Anthropic)
        {
            Assert.Equal(came.Chances, told.Chances);
            Assert.Equal(came.Sources, told.Sources);
        }

        Assert.Equal(came.Calls(client, isStream, crossing.Context.ToolBook), told.Calls(client, isStream));

        // A tool's arguments that stand for the answer's text, and what is told of a refusal, are text for one meter
        // alone.
        if (crossing.Context.ToolBook.FormatTool is null && came.Explanation.Length == 0)
        {
            Assert.Equal(meter.TextBytes, own.TextBytes);
        }
    }

    private static FoundWords Read(Dialect dialect, AnswerContext context, byte[] bytes) => ChatAnswer.Decode(
        DialectCodecs.Of(dialect).NewDecoder(), context with { Upstream = dialect }, [bytes], new FoundWords());
}
