using System.Buffers;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>What is under way in one candidate of an answer.</summary>
internal sealed class GeminiChoice
{
    public bool IsThinking { get; set; }

    /// <summary>The call whose pieces are coming, or -1.</summary>
    public int OpenCall { get; set; } = -1;

    public bool HasCalls { get; set; }

    public StopReason Stop { get; set; }

    public ArrayBufferWriter<byte> StopText { get; } = new(64);

    /// <summary>Sources that have been told; each event may repeat those before.</summary>
    public int Sources { get; set; }

    public PartialArguments Pieces { get; } = new();

    public void Reset()
    {
        (IsThinking, OpenCall, HasCalls, Stop, Sources) = (false, -1, false, StopReason.None, 0);
        StopText.ResetWrittenCount();
        Pieces.Reset();
    }
}
