// A pad for two: you draw, you rest, and impsy answers.
//
// In a terminal: impsy run -c configs/puredata.toml     (the ports are the same)
// Libraries, from Sketch > Import Library > Manage Libraries: oscP5, and Sound by the Processing Foundation.

import netP5.*;
import oscP5.*;
import processing.sound.*;

OscP5 osc;
NetAddress impsy;
Hand you, model;

void setup() {
  size(640, 640);
  you = new Hand(color(40, 90, 160), new TriOsc(this), -0.4);
  model = new Hand(color(200, 110, 30), new SinOsc(this), 0.4);
  impsy = new NetAddress("127.0.0.1", 6000);
  osc = new OscP5(this, 6001);  // last: from here on predictions come, in a thread of their own
  background(255);
}

void draw() {
  noStroke();
  fill(255, 16);
  rect(0, 0, width, height);  // what was drawn fades
  you.show();
  model.show();
}

void mousePressed() {
  play();
}

void mouseDragged() {
  play();
}

void play() {
  float x = constrain(mouseX / float(width), 0, 1);
  float y = constrain(1 - mouseY / float(height), 0, 1);
  you.touch(x, y);
  OscMessage gesture = new OscMessage("/interface");
  gesture.add(x);
  gesture.add(y);
  osc.send(gesture, impsy);
}

void oscEvent(OscMessage message) {
  if (message.checkAddrPattern("/prediction") && message.checkTypetag("ff")) {
    model.touch(message.get(0).floatValue(), message.get(1).floatValue());
  }
}

// One who plays: x is a pitch over three octaves from 110 Hz, y how loud it is; the sound fades after the last touch.
class Hand {
  final color ink;
  final Oscillator voice;
  volatile float x = 0.5, y = 0.5, level = 0;

  Hand(color ink, Oscillator voice, float pan) {
    this.ink = ink;
    this.voice = voice;
    voice.play();
    voice.pan(pan);
    voice.amp(0);
  }

  void touch(float x, float y) {
    this.x = x;
    this.y = y;
    level = 1;
  }

  void show() {
    voice.freq(110 * pow(2, 3 * x));
    voice.amp(level * (0.05 + 0.25 * y));
    fill(ink, 255 * level);
    circle(x * width, (1 - y) * height, 24);
    level = level < 0.01 ? 0 : level * 0.9;
  }
}
