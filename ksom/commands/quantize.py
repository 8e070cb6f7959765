"""`ksom quantize`."""

from pathlib import Path

import click

from ksom.commands.command import examples, say, with_debug


@click.command(
    epilog=examples(
        "ksom quantize photo.jpg --colors 16 -o small.png",
        "ksom quantize photo.jpg --colors 8 --dither -o poster.png --palette poster.gpl",
    )
)
@click.option("--colors", type=int, default=16, show_default=True, help="How many colours, 1 to 256.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The picture, a PNG file.")
@click.option("--dither", is_flag=True, help="Mix the colours (Floyd and Steinberg): no contours, but more error.")
@click.option("--palette", type=click.Path(path_type=Path), help="Write the colours as well: .gpl or .hex.")
@with_debug
@click.argument("photo", type=click.Path(path_type=Path), metavar="PHOTO")
def quantize(photo: Path, colors: int, output: Path, dither: bool, palette: Path | None) -> int:
    """Reduce a picture to the few colours that fit it best: nodes of a map that its pixels train.

    PHOTO is a bitmap image: PNG, JPEG, TIFF, WebP, … The error is told as the mean of squared differences over all
    pixels and channels (0 to 255), and as PSNR.
    """
    from ksom.arguments import require_path
    from ksom.pictures.palette_file import require_palette_name, write_palette
    from ksom.quantization import quantize as reduced
    from ksom.quantization import require_png_name, write_picture

    require_png_name(output, photo)
    if palette:
        require_palette_name(palette)
    made = reduced(require_path("PHOTO", photo), colors, dither=dither)
    write_picture(made, output)
    if palette:
        write_palette(made.palette, palette)
    height, width = made.indices.shape
    told = f"{width} × {height} pixels, {made.colours_before:,} colours → {len(made.palette)}"
    say(f"{photo}: {told}, mean squared error {made.mse:.4g} (PSNR {made.psnr:.4g} dB)")
    say(f"written: {output}{f', {palette}' if palette else ''}")
    return 0
