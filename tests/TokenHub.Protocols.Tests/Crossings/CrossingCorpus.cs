using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Crossings;

/// <summary>
/// Our own corpus of the sixteen pairs: what clients send (<c>Clients</c>), what upstreams answer (<c>Upstreams</c>),
/// and what the other side gets of it (<c>Pairs</c>). With <c>UPDATE_CROSSINGS=1</c> the last is written anew: every
/// change of it is then to be read against the protocols, for the codecs must not be their own witness.
/// </summary>
internal static class CrossingCorpus
{
    private static readonly string Root =
        Path.Combine(Repository.Root, "tests", "TokenHub.Protocols.Tests", "Crossings");

    private static readonly bool IsUpdating = Environment.GetEnvironmentVariable("UPDATE_CROSSINGS") == "1";

    public static readonly Dialect[] Dialects = [Dialect.Chat, Dialect.Responses, Dialect.Anthropic, Dialect.Gemini];

    /// <summary>Scenarios with a file of a kind, such as <c>.sse</c>, for a dialect.</summary>
    public static IEnumerable<string> Scenarios(string side, Dialect dialect, string extension) =>
        Directory.GetFiles(Path.Combine(Root, side, dialect.ToString()), "*" + extension)
            .Select(file => Path.GetFileName(file)[..^extension.Length])
            .Where(name => !name.Contains('.', StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>
    /// Answers that a client may get: whose protocol has no way to ask for several of them gets one.
    /// </summary>
    public static IEnumerable<string> Answers(Dialect client, Dialect upstream, string extension) =>
        Scenarios("Upstreams", upstream, extension).Where(
            name => name != "several" || client is Dialect.Chat or Dialect.Gemini);

    /// <summary>Errors before an answer, with their status: <c>error-before.context</c>, 400.</summary>
    public static IEnumerable<(string Scenario, int Status)> Errors(Dialect upstream) =>
        Directory.GetFiles(Path.Combine(Root, "Upstreams", upstream.ToString()), "error-before*.json")
            .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)
            .Select(name => (name, int.Parse(name[(name.LastIndexOf('.') + 1)..])));

    public static bool Has(string side, Dialect dialect, string file) =>
        File.Exists(Path.Combine(Root, side, dialect.ToString(), file));

    public static bool HasPair(Dialect client, Dialect upstream, string scenario, string file) =>
        File.Exists(Path.Combine(Root, "Pairs", $"{client}-{upstream}", scenario, file));

    /// <summary>Everything that is expected of a pair.</summary>
    public static IEnumerable<(string Scenario, string File)> PairFiles(Dialect client, Dialect upstream)
    {
        var folder = Path.Combine(Root, "Pairs", $"{client}-{upstream}");
        return !Directory.Exists(folder) ? [] : Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Path.GetFileName(Path.GetDirectoryName(file))!, Path.GetFileName(file)));
    }

    public static byte[] Read(string side, Dialect dialect, string file) =>
        File.ReadAllBytes(Path.Combine(Root, side, dialect.ToString(), file));

    /// <summary>The model that a scenario is sent to; the name says what it takes.</summary>
    public static UpstreamModel ModelOf(Dialect upstream, string scenario) => (upstream, scenario) switch
    {
        (Dialect.Chat, "text" or "several" or "logprobs" or "citations") => new UpstreamModel("gpt-4.1"),
        (Dialect.Chat, "reasoning") => new UpstreamModel("anthropic/claude-sonnet-4.5", IsCompatible: true),
        (Dialect.Chat, "length") => new UpstreamModel("deepseek-chat", IsCompatible: true),
        (Dialect.Responses, "text" or "several" or "logprobs" or "citations") => new UpstreamModel("gpt-4.1"),
        (Dialect.Chat, "reasoning-budget") => new UpstreamModel("deepseek-v4", IsCompatible: true),
        (Dialect.Anthropic, "text" or "length" or "several" or "reasoning-budget" or "citations") =>
            new UpstreamModel("claude-sonnet-4-5"),
        (Dialect.Anthropic, "structured-tool") => new UpstreamModel("claude-opus-4-1"),
        (Dialect.Anthropic, "cache") => new UpstreamModel("claude-haiku-4-5", OutputTokensMax: 2000),
        (Dialect.Gemini, "text" or "images" or "reasoning-budget") => new UpstreamModel("gemini-2.5-flash"),
        (Dialect.Gemini, "length" or "structured") => new UpstreamModel("gemini-2.5-pro"),
        (Dialect.Gemini, _) => new UpstreamModel("gemini-3-pro-preview"),
        (Dialect.Anthropic, _) => new UpstreamModel("claude-opus-4-8"),
        _ => new UpstreamModel("gpt-5.2"),
    };

    /// <summary>Compares what came of a crossing with what is expected of it, or writes it down.</summary>
    public static void Expect(Dialect client, Dialect upstream, string scenario, string file, ReadOnlySpan<byte> actual)
    {
        var path = Path.Combine(Root, "Pairs", $"{client}-{upstream}", scenario, file);
        if (IsUpdating)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, actual);
        }

        Assert.True(File.Exists(path), $"{path} is missing: run with UPDATE_CROSSINGS=1 and read what it writes.");
        Assert.Equal(File.ReadAllText(path), Encoding.UTF8.GetString(actual));
    }

    /// <summary>JSON over lines, every string and number as it was written.</summary>
    public static byte[] OverLines(ReadOnlySpan<byte> json)
    {
        var text = new MemoryStream();
        var (depth, inString) = (0, false);
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inString)
            {
                text.WriteByte(c);
                if (c == '\\')
                {
                    text.WriteByte(json[++i]);
                }

                inString = c != '"';
                continue;
            }

            inString = c == '"';
            var isEmpty = c is (byte)'{' or (byte)'[' && json[i + 1] is (byte)'}' or (byte)']';
            if (isEmpty)
            {
                text.Write(json.Slice(i++, 2));
            }
            else if (c is (byte)'}' or (byte)']')
            {
                NewLine(text, --depth);
                text.WriteByte(c);
            }
            else
            {
                text.WriteByte(c);
                depth += c is (byte)'{' or (byte)'[' ? 1 : 0;
                if (c is (byte)'{' or (byte)'[' or (byte)',')
                {
                    NewLine(text, depth);
                }
            }
        }

        text.WriteByte((byte)'\n');
        return text.ToArray();
    }

    private static void NewLine(MemoryStream text, int depth)
    {
        text.WriteByte((byte)'\n');
        for (var i = 0; i < depth; i++)
        {
            text.Write("  "u8);
        }
    }
}
