using System.Globalization;
using System.Text;

namespace TokenHub.TestKit;

/// <summary>
/// What a <see cref="ScriptedUpstream"/> does with one request, step by step: bytes exactly as given, pauses, gates,
/// and every way to end badly. Immutable: each call returns a longer script.
/// </summary>
public sealed class ScriptedUpstreamScript
{
    private readonly IReadOnlyList<Step> _steps;

    private ScriptedUpstreamScript(IReadOnlyList<Step> steps)
    {
        _steps = steps;
    }

    public static ScriptedUpstreamScript Empty { get; } = new([]);

    internal IReadOnlyList<Step> Steps => _steps;

    /// <summary>A whole answer with a Content-Length; the connection stays open.</summary>
    public static ScriptedUpstreamScript Answer(
        int status, string body, string contentType = "application/json", params string[] headers)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return Head(status, [$"content-type: {contentType}", $"content-length: {bytes.Length}", .. headers]).Send(bytes);
    }

    /// <summary>A chunked answer: one chunk and one write for each piece, properly ended.</summary>
    public static ScriptedUpstreamScript Stream(IEnumerable<byte[]> pieces, params string[] headers) =>
        pieces.Aggregate(StreamHead(headers), (script, piece) => script.Chunk(piece)).EndChunks();

    /// <summary>The same with a text cut into pieces of <paramref name="size"/> bytes.</summary>
    public static ScriptedUpstreamScript Stream(byte[] body, int size) => Stream(body.Chunk(size));

    public static ScriptedUpstreamScript Stream(string body) => Stream([Encoding.UTF8.GetBytes(body)]);

    /// <summary>The head of a chunked event stream, nothing of its body.</summary>
    public static ScriptedUpstreamScript StreamHead(params string[] headers) =>
        Head(200, ["content-type: text/event-stream", "transfer-encoding: chunked", .. headers]);

    public static ScriptedUpstreamScript Head(int status, params string[] headers)
    {
        var head = new StringBuilder($"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} Scripted\r\n");
        foreach (var header in headers)
        {
            head.Append(header).Append("\r\n");
        }

        return Empty.With(new Step(StepKind.Send, Encoding.UTF8.GetBytes(head.Append("\r\n").ToString())));
    }

    /// <summary>Never answers; waits until the caller leaves.</summary>
    public static ScriptedUpstreamScript Silence() => Empty.Hang();

    /// <summary>Raw bytes of an answer's body (or of anything): one write, counted as served.</summary>
    public ScriptedUpstreamScript Send(byte[] bytes) => With(new Step(StepKind.SendBody, bytes));

    public ScriptedUpstreamScript Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    /// <summary>One chunk of a chunked answer; an empty piece is left out, for it would end the answer.</summary>
    public ScriptedUpstreamScript Chunk(byte[] piece) =>
        piece.Length == 0 ? this : With(new Step(StepKind.Chunk, piece));

    public ScriptedUpstreamScript Chunk(string piece) => Chunk(Encoding.UTF8.GetBytes(piece));

    public ScriptedUpstreamScript EndChunks() => With(new Step(StepKind.Send, "0\r\n\r\n"u8.ToArray()));

    public ScriptedUpstreamScript Pause(TimeSpan time) => With(new Step(StepKind.Pause, Time: time));

    /// <summary>Goes on when the test says so.</summary>
    public ScriptedUpstreamScript WaitFor(Task gate) => With(new Step(StepKind.Gate, Gate: gate));

    /// <summary>Says nothing more and waits until the caller leaves.</summary>
    public ScriptedUpstreamScript Hang() => With(new Step(StepKind.Hang));

    /// <summary>Ends the connection properly, whatever was promised.</summary>
    public ScriptedUpstreamScript Close() => With(new Step(StepKind.Close));

    /// <summary>Ends the connection with a reset.</summary>
    public ScriptedUpstreamScript Reset() => With(new Step(StepKind.Reset));

    private ScriptedUpstreamScript With(Step step) => new([.. _steps, step]);

    internal enum StepKind
    {
        Send,
        SendBody,
        Chunk,
        Pause,
        Gate,
        Hang,
        Close,
        Reset,
    }

    internal sealed record Step(StepKind Kind, byte[]? Bytes = null, TimeSpan Time = default, Task? Gate = null);
}
