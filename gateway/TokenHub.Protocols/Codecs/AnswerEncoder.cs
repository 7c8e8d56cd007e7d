using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Errors;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// Writes an answer for a client, as a stream of events or as one body, from the events of an upstream of another
/// dialect. Exactly one of the ends is called, and nothing after it.
/// </summary>
/// <remarks>
/// Not thread-safe. May be used again after <see cref="Begin"/>. A stream's writer keeps nothing of the text but what
/// its protocol demands again at the end.
/// </remarks>
public abstract class AnswerEncoder : IChatSink
{
    private protected AnswerContext Context { get; private set; } = null!;

    /// <summary>Where what comes next is written.</summary>
    private protected IBufferWriter<byte> Output { get; private set; } = null!;

    /// <summary>Another answer begins.</summary>
    public void Begin(AnswerContext context)
    {
        Context = context;
        OnBegin();
    }

    /// <summary>What comes from now on is written there.</summary>
    public void WriteTo(IBufferWriter<byte> output) => Output = output;

    public abstract void Take(in ChatEvent e);

    /// <summary>The answer is whole: its end is written, with what it used.</summary>
    public abstract void Finish(in TokenUsage usage);

    /// <summary>
    /// The money ends here: the dialect's own words for a limit reached, and beside them the member <c>tokenhub</c>
    /// with the reason.
    /// </summary>
    public abstract void FinishForFunds(in TokenUsage usage);

    /// <summary>The answer broke off: the dialect's error, as the last thing of a stream.</summary>
    public abstract void Fail(in ApiError fault);

    /// <summary>State of the answer is made new; <see cref="Context"/> is set.</summary>
    private protected abstract void OnBegin();
}
