using System.IO.Pipelines;
using TokenHub.MockUpstream.Formats;
using TokenHub.MockUpstream.Script;

namespace TokenHub.MockUpstream.Pacing;

/// <summary>Puts an answer's parts into the response's own buffer.</summary>
internal static class StreamWriting
{
    public static void Begin(PipeWriter writer, MockAnswer answer)
    {
        var pen = new Pen(writer.GetSpan(AnswerFormat.ChunkBytesMax(answer)));
        AnswerFormat.Of(answer.Dialect).Begin(ref pen, answer);
        writer.Advance(pen.Length);
    }

    public static void Chunk(PipeWriter writer, MockAnswer answer, int index)
    {
        var script = answer.Script;
        if (script.Fault == MockFault.Lost && index == script.FaultAt)
        {
            return;
        }

        var sent = script.Fault == MockFault.Reordered ? Swapped(index, script) : index;
        var pen = new Pen(writer.GetSpan(AnswerFormat.ChunkBytesMax(answer)));
        AnswerFormat.Of(answer.Dialect).Chunk(ref pen, answer, sent, Stamps.NowNs());
        if (script.Fault == MockFault.Wrong && index == script.FaultAt)
        {
            pen.Spoil();
        }

        writer.Advance(pen.Length);
    }

    public static void Finish(PipeWriter writer, MockAnswer answer)
    {
        var format = AnswerFormat.Of(answer.Dialect);
        var pen = new Pen(writer.GetSpan(format.FinishBytesMax(answer)));
        format.Finish(ref pen, answer);
        writer.Advance(pen.Length);
    }

    private static int Swapped(int index, in MockScript script) =>
        index == script.FaultAt && index + 1 < script.Chunks ? index + 1
        : index == script.FaultAt + 1 ? index - 1
        : index;
}
