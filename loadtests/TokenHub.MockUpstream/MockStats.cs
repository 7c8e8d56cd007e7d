using System.Globalization;
using System.Text;

namespace TokenHub.MockUpstream;

/// <summary>The mock's own truth about what it served, against which bills are held.</summary>
public sealed class MockStats
{
    private static readonly string[] Names = ["chat", "responses", "messages", "gemini"];
    private readonly Tally[] _tallies = [new(), new(), new(), new()];

    public void Began(MockDialect dialect, bool isStream, int inputTokens)
    {
        var tally = _tallies[(int)dialect];
        Interlocked.Increment(ref tally.Requests);
        Interlocked.Add(ref tally.InputTokens, inputTokens);
        if (isStream)
        {
            Interlocked.Increment(ref tally.Streams);
        }
    }

    public void Served(MockDialect dialect, int tokens) =>
        Interlocked.Add(ref _tallies[(int)dialect].OutputTokens, tokens);

    /// <summary>An answer came to its end: whole, or left by the client or cut by its script.</summary>
    public void Ended(MockDialect dialect, bool isWhole)
    {
        var tally = _tallies[(int)dialect];
        Interlocked.Increment(ref isWhole ? ref tally.Finished : ref tally.Cut);
    }

    public void Failed(MockDialect dialect) => Interlocked.Increment(ref _tallies[(int)dialect].Errors);

    public void Reset()
    {
        foreach (var tally in _tallies)
        {
            tally.Reset();
        }
    }

    public string ToJson()
    {
        var total = new Tally();
        var text = new StringBuilder("{\"dialects\":{");
        for (var i = 0; i < _tallies.Length; i++)
        {
            total.Add(_tallies[i]);
            text.Append(i == 0 ? "\"" : ",\"").Append(Names[i]).Append("\":");
            _tallies[i].Append(text);
        }

        text.Append("},\"total\":");
        total.Append(text);
        return text.Append("}\n").ToString();
    }

    // Fields, for Interlocked.
    private sealed class Tally
    {
        public long Requests;
        public long Streams;
        public long Finished;
        public long Cut;
        public long Errors;
        public long InputTokens;
        public long OutputTokens;

        public void Add(Tally other)
        {
            Requests += Interlocked.Read(ref other.Requests);
            Streams += Interlocked.Read(ref other.Streams);
            Finished += Interlocked.Read(ref other.Finished);
            Cut += Interlocked.Read(ref other.Cut);
            Errors += Interlocked.Read(ref other.Errors);
            InputTokens += Interlocked.Read(ref other.InputTokens);
            OutputTokens += Interlocked.Read(ref other.OutputTokens);
        }

        public void Reset()
        {
            Interlocked.Exchange(ref Requests, 0);
            Interlocked.Exchange(ref Streams, 0);
            Interlocked.Exchange(ref Finished, 0);
            Interlocked.Exchange(ref Cut, 0);
            Interlocked.Exchange(ref Errors, 0);
            Interlocked.Exchange(ref InputTokens, 0);
            Interlocked.Exchange(ref OutputTokens, 0);
        }

        public void Append(StringBuilder text) => text.Append(
            CultureInfo.InvariantCulture,
            $"{{\"requests\":{Interlocked.Read(ref Requests)},\"streams\":{Interlocked.Read(ref Streams)},"
            + $"\"finished\":{Interlocked.Read(ref Finished)},\"cut\":{Interlocked.Read(ref Cut)},"
            + $"\"errors\":{Interlocked.Read(ref Errors)},\"input_tokens\":{Interlocked.Read(ref InputTokens)},"
            + $"\"output_tokens\":{Interlocked.Read(ref OutputTokens)}}}");
    }
}
