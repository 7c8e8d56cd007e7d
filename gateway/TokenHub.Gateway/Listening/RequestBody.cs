using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Listening;

internal enum BodyFault : byte
{
    None = 0,
    TooLarge,

    /// <summary>The client left, or broke the framing, before the body was whole.</summary>
    Broken,
}

/// <summary>
/// Takes a request body in one piece. Memory grows with what has arrived, never with what a header promises, so that an
/// announced length costs nobody any.
/// </summary>
internal static class RequestBody
{
    // Once so much of an announced length has come, room for the rest is made at once.
    private const int EarnestPart = 4;

    /// <summary>Reads to the end, or until it is clear that there is more than <paramref name="bytesMax"/>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<BodyFault> ReadAsync(
        PipeReader reader, BufferLease target, long? announced, int bytesMax, CancellationToken cancellationToken)
    {
        if (announced > bytesMax)
        {
            return BodyFault.TooLarge;
        }

        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                if (read.Buffer.Length > bytesMax - target.Length)
                {
                    reader.AdvanceTo(read.Buffer.End);
                    return BodyFault.TooLarge;
                }

                if (announced is { } whole && target.Length + read.Buffer.Length >= whole / EarnestPart)
                {
                    target.Reserve((int)(whole - target.Length));
                }

                target.Write(read.Buffer);
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return BodyFault.None;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // Kestrel's BadHttpRequestException (bad chunk, body too slow) is an IOException.
            return BodyFault.Broken;
        }
    }
}
