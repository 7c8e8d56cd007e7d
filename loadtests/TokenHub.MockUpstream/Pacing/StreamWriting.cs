using System.IO.Pipelines;
using TokenHub.MockUpstream.Formats;

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
        var pen = new Pen(writer.GetSpan(AnswerFormat.ChunkBytesMax(answer)));
        AnswerFormat.Of(answer.Dialect).Chunk(ref pen, answer, index, Stamps.NowNs());
        writer.Advance(pen.Length);
    }

    public static void Finish(PipeWriter writer, MockAnswer answer)
    {
        var format = AnswerFormat.Of(answer.Dialect);
        var pen = new Pen(writer.GetSpan(format.FinishBytesMax(answer)));
        format.Finish(ref pen, answer);
        writer.Advance(pen.Length);
    }
}
