using System.Buffers.Text;
using TokenHub.Protocols.Media;

namespace TokenHub.Protocols.Streams;

public abstract partial class AnswerReader
{
    private const double SecondsMax = 1 << 30;

    private AudioClock? _clock;

    /// <summary>The answer is no document, but sound or subtitles: each of its bytes is content.</summary>
    public bool IsRaw { get; private set; }

    /// <summary>Pictures that are finished.</summary>
    public int Pictures { get; private protected set; }

    /// <summary>Pictures that were shown unfinished.</summary>
    public int PartialPictures { get; private protected set; }

    /// <summary>Milliseconds of the sound that was heard, as the upstream says; 0 when it says nothing.</summary>
    public long HeardMs { get; private set; }

    /// <summary>Milliseconds of the sound that is the answer; null when it is none, or of no known kind.</summary>
    public long? MadeMs => IsRaw ? _clock!.Ms : null;

    /// <summary>From now on the answer is taken as it comes.</summary>
    /// <param name="isPcm">It is bare samples.</param>
    public void BeginRaw(bool isPcm)
    {
        IsRaw = true;
        _clock ??= new AudioClock();
        _clock.Reset(isPcm);
    }

    /// <summary>The answer has come whole: its length, or its last chunk, says so.</summary>
    public void EndRaw() => IsTerminal |= IsRaw;

    private void AppendRaw(ReadOnlySpan<byte> bytes)
    {
        HasContent |= !bytes.IsEmpty;
        HasOpaque = true;
        _clock!.Append(bytes);
    }

    private void ForgetMedia() => (IsRaw, Pictures, PartialPictures, HeardMs) = (false, 0, 0, 0);

    private void TakeSeconds(ReadOnlySpan<byte> text)
    {
        if (Utf8Parser.TryParse(text, out double seconds, out var used) && used == text.Length
            && seconds is >= 0 and <= SecondsMax)
        {
            _event.HasSeconds = true;
            HeardMs = Math.Max(HeardMs, (long)Math.Ceiling(seconds * 1000));
        }
    }
}
