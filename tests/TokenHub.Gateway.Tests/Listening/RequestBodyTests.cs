using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using TokenHub.Gateway.Listening;
using Xunit;

namespace TokenHub.Gateway.Tests.Listening;

public sealed class RequestBodyTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(5000, 5000)]
    [InlineData(300_000, -1)]
    [InlineData(300_000, 300_000)]
    [InlineData(1 << 20, 1 << 20)]
    public async Task Body_arrives_whole_with_and_without_a_length(int length, int announced)
    {
        var bytes = RandomNumberGenerator.GetBytes(length);
        using var body = new BufferLease();

        var fault = await RequestBody.ReadAsync(
            await PiecesAsync(bytes, 7000), body, announced < 0 ? null : announced, 1 << 20, CancellationToken.None);

        Assert.Equal(BodyFault.None, fault);
        Assert.Equal(bytes, body.Span.ToArray());
    }

    [Fact]
    public async Task One_byte_more_than_allowed_is_too_large_announced_or_not()
    {
        using var announced = new BufferLease();
        using var chunked = new BufferLease();
        var bytes = new byte[1001];

        Assert.Equal(BodyFault.TooLarge, await RequestBody.ReadAsync(await PiecesAsync(bytes, 100), announced, 1001, 1000, default));
        Assert.Equal(BodyFault.TooLarge, await RequestBody.ReadAsync(await PiecesAsync(bytes, 100), chunked, null, 1000, default));
        Assert.Equal(0, announced.Length);
    }

    [Fact]
    public async Task Client_that_leaves_in_mid_body_is_a_broken_body()
    {
        using var body = new BufferLease();
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[10]);
        await pipe.Writer.CompleteAsync(new IOException("gone"));

        Assert.Equal(BodyFault.Broken, await RequestBody.ReadAsync(pipe.Reader, body, 100, 1000, default));
    }

    [Fact]
    public async Task Lease_is_ready_for_the_next_body_after_dispose()
    {
        using var body = new BufferLease();
        await RequestBody.ReadAsync(await PiecesAsync(new byte[5000], 100), body, null, 10_000, default);
        body.Dispose();

        Assert.Equal(BodyFault.None, await RequestBody.ReadAsync(await PiecesAsync([1, 2, 3], 1), body, 3, 10_000, default));
        Assert.Equal([1, 2, 3], body.Span.ToArray());
    }

    private static async Task<PipeReader> PiecesAsync(byte[] bytes, int size)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        for (var at = 0; at < bytes.Length; at += size)
        {
            pipe.Writer.Write(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)));
            await pipe.Writer.FlushAsync();
        }

        await pipe.Writer.CompleteAsync();
        return pipe.Reader;
    }
}
