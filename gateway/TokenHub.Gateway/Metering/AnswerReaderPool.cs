using System.Collections.Concurrent;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Metering;

/// <summary>Readers to be used again: one has several kilobytes, and every request needs one.</summary>
internal sealed class AnswerReaderPool
{
    private const int KeptMax = 256;
    private readonly ConcurrentStack<AnswerReader>[] _kept =
        [.. Enumerable.Range(0, (int)Dialect.Gemini + 1).Select(_ => new ConcurrentStack<AnswerReader>())];

    public AnswerReader Rent(Dialect dialect, bool isStream) =>
        _kept[(int)dialect].TryPop(out var reader) ? reader : AnswerReader.Create(dialect, isStream);

    public void Return(Dialect dialect, AnswerReader reader)
    {
        if (_kept[(int)dialect].Count < KeptMax)
        {
            reader.Reset();
            _kept[(int)dialect].Push(reader);
        }
    }
}
